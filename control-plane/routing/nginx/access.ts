import type { Access, Authenticator, RouteTable } from '../table.ts'
import type { Names } from './names.ts'
import type { Place } from './places.ts'
import { textWord } from './texts.ts'

type Required = Extract<Access, { kind: 'required' }>

/** Longer than the agent waits for others by itself. */
const jwtTimeoutMs = 10_000
const besidesMs = 2_000

/** All that routes ask for, each once, in a stable order. */
export function accessesOf(table: Pick<RouteTable, 'routes' | 'authenticators'>): readonly Required[] {
  const required = table.routes.flatMap(({ policy: { access } }) =>
    access.kind === 'required' && isCheckable(access, table) ? [access] : [],
  )
  const byText = new Map(required.map((access) => [keyOf(access), access]))
  return [...byText.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, access]) => access)
}

function keyOf({ authenticator, permissions }: Required): string {
  return JSON.stringify([authenticator, permissions])
}

/** Whether somebody can tell who may come in. Where not, nobody may. */
export function isCheckable(access: Access, { authenticators }: Pick<RouteTable, 'authenticators'>): boolean {
  return access.kind === 'open' || authenticators.some(({ name }) => name === access.authenticator)
}

/** Lets nobody in whom the agent beside the proxy does not let in: 401 and 403 pass, whatever else it says or does not say is 503. */
export function accessLines(access: Access, all: readonly Required[], names: Names): readonly string[] {
  if (access.kind === 'open') return []
  const index = all.findIndex((each) => keyOf(each) === keyOf(access))
  return [`auth_request ${names.place(`access-${index}`)};`]
}

/** Whose token it was, as the agent says; for a whole server, whose other locations ask nobody and know of no subject. */
export function subjectLine(names: Names): string {
  return `auth_request_set $${names.variable('subject')} $upstream_http_x_heddle_subject;`
}

/** The locations by which the agent is asked. */
export function accessLocations(
  { gateway, authenticators }: Pick<RouteTable, 'gateway' | 'authenticators'>,
  all: readonly Required[],
  names: Names,
): readonly (readonly string[])[] {
  return all.map((access, index) => {
    const asked = authenticators.find(({ name }) => name === access.authenticator)
    return [
      `location = ${names.place(`access-${index}`)} {`,
      '    internal;',
      '    proxy_connect_timeout 1s;',
      `    proxy_read_timeout ${timeoutMs(asked)}ms;`,
      // A connection that was kept may end the moment that it is used: the agent was started anew. A question changes nothing.
      '    proxy_next_upstream error;',
      '    proxy_method GET;',
      '    proxy_pass_request_body off;',
      '    proxy_pass_request_headers off;',
      // Without these nginx announces a body that it does not send, and the next question is taken for it.
      '    proxy_set_header Content-Length "";',
      '    proxy_set_header Transfer-Encoding "";',
      '    proxy_set_header Connection "";',
      '    proxy_set_header Authorization $http_authorization;',
      `    proxy_set_header X-Request-Id $${names.variable('request_id')};`,
      '    proxy_set_header Traceparent $http_traceparent;',
      `    proxy_set_header X-Heddle-Gateway ${textWord(gateway, names)};`,
      `    proxy_set_header X-Heddle-Authenticator ${textWord(access.authenticator, names)};`,
      `    proxy_set_header X-Heddle-Permissions ${textWord(access.permissions.join(' '), names)};`,
      `    proxy_pass http://${names.authorizer}/authorize;`,
      '}',
    ]
  })
}

function timeoutMs(asked: Authenticator | undefined): number {
  return asked?.kind === 'external' ? asked.timeoutMs + besidesMs : jwtTimeoutMs
}

/** The agent beside the proxy, with connections kept to it. */
export function authorizerUpstream({ authorizer }: Pick<RouteTable, 'authorizer'>, names: Names): string {
  return `upstream ${names.authorizer} {\n    server ${authorizer} max_fails=0;\n    keepalive 16;\n}`
}

/** What tells browsers and libraries that a token is wanted: only beside our own 401, not beside an instance's. */
export function challenge(
  places: readonly Place[],
  names: Names,
): { readonly maps: readonly string[]; readonly lines: readonly string[] } {
  const asking = places.filter(({ route }) => route.policy.access.kind === 'required').map(({ id }) => id)
  if (asking.length === 0) return { maps: [], lines: [] }
  const variable = `$${names.variable('challenge')}`
  const entries = asking.map((id) => `    "401  ${id}" Bearer;\n`).join('')
  return {
    maps: [`map "$status $upstream_status $${names.variable('place')}" ${variable} {\n    default "";\n${entries}}`],
    lines: [`add_header WWW-Authenticate ${variable} always;`],
  }
}
