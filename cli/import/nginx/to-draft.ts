import { type Drafted, freeName, type Piece, plainWord } from '../routes/draft.ts'
import { type Group, groupServers } from './gateways.ts'
import type { LocationRoute } from './location.ts'
import type { Directive } from './parse.ts'
import type { NginxTree } from './read-folder.ts'
import { reasonOf, restrictions } from './reasons.ts'
import { placeOf, Report } from './report.ts'
import { type Scope, within } from './scope.ts'
import { readServer, type Server } from './server.ts'
import { Upstreams } from './upstreams.ts'

export type NginxOptions = {
  readonly gateway: string
  readonly proxy: 'envoy' | 'nginx'
  /** Services by the upstreams that stand for them. */
  readonly services: ReadonlyMap<string, string>
}

/** What other parts of the import read; all else is told as left behind. */
const read = new Set([
  ...[
    'http',
    'server',
    'location',
    'upstream',
    'if',
    'return',
    'rewrite',
    'listen',
    'server_name',
    'proxy_pass',
    'proxy_set_header',
  ],
  ...[
    'add_header',
    'proxy_hide_header',
    'client_max_body_size',
    'proxy_read_timeout',
    'proxy_connect_timeout',
    'limit_req',
    'limit_req_zone',
  ],
  ...[
    'ssl_certificate',
    'ssl_certificate_key',
    'ssl_protocols',
    'http2',
    'set_real_ip_from',
    'real_ip_header',
    'real_ip_recursive',
  ],
  ...[
    'proxy_ssl_verify',
    'proxy_ssl_trusted_certificate',
    'proxy_ssl_name',
    'proxy_ssl_server_name',
    'default_type',
    'limit_except',
  ],
])
/** These need no word: Heddle's gateways do the same. */
const same = /^(?:proxy_http_version|proxy_redirect|server_tokens)$/

/** An nginx configuration as a declaration. */
export function draftNginx(
  tree: NginxTree,
  options: NginxOptions,
): Drafted & { readonly strangers: readonly string[] } {
  const report = new Report()
  const http = tree.directives.filter(({ name }) => name === 'http')
  const block = http.flatMap((each) => each.block ?? [])
  const scope: Scope = within(new Map(), block)
  const zones = new Map(block.filter(({ name }) => name === 'limit_req_zone').map((zone) => [zoneName(zone), zone]))
  const upstreams = new Upstreams(
    block.filter(({ name }) => name === 'upstream'),
    options.services,
    report,
  )
  const servers = block
    .filter(({ name }) => name === 'server')
    .map((by) => readServer(by, scope, { upstreams, zones, report }))
  tellLeftBehind(tree.directives, report)
  const groups = groupServers(servers, report)
  const names = new Set<string>()
  const gateways = new Map<string, Piece>()
  const routes: Piece[] = []
  const routeNames = new Set<string>()
  for (const group of groups) {
    const name = names.size === 0 ? options.gateway : `${options.gateway}-${group.ports[0]}`
    names.add(name)
    const trusted = [...new Set(group.servers.flatMap((server) => server.trusted))]
    gateways.set(name, {
      comments: group.comments,
      value: {
        proxy: options.proxy,
        listeners: group.listeners,
        ...(trusted.length > 0 ? { trusted_proxies: trusted } : {}),
      },
    })
    routes.push(...groupRoutes(group, groups.length > 1 ? name : undefined, routeNames, report))
  }
  upstreams.tellUnused()
  if (groups.length === 0)
    report.problem(http[0] ?? nowhere(tree), 'there is no server that a gateway could be made of')
  return {
    draft: { gateways, authentication: new Map(), services: upstreams.pieces(), routes },
    contradictions: report.contradictions,
    problems: [...tree.problems, ...report.problems],
    notes: [...tree.notes, ...report.notes],
    strangers: upstreams.strangers,
  }
}

function groupRoutes(group: Group, gateway: string | undefined, names: Set<string>, report: Report): readonly Piece[] {
  const seen = new Map<string, { readonly route: LocationRoute; readonly value: string }>()
  const pieces: Piece[] = []
  for (const server of group.servers) {
    for (const { hosts, route } of placed(server, group, report)) {
      const { value, comments, by } = route
      const { exact, prefix, methods, headers, query } = value
      const key = JSON.stringify([[...hosts].sort(), exact, prefix, methods, headers, query])
      const known = seen.get(key)
      if (known) {
        const same = known.value === JSON.stringify(value)
        if (!same) {
          const taken = `${exact ?? prefix}${hosts.length > 0 ? ` of ${hosts.join(', ')}` : ''}`
          report.contradict(`requests to ${taken}`, 'answer', [
            [actionText(known.route.value), known.route.by],
            [actionText(value), by],
          ])
        }
        continue
      }
      seen.set(key, { route, value: JSON.stringify(value) })
      const path = String(exact ?? prefix)
      const name = freeName(plainWord(path.slice(1).replaceAll('/', '-'), 'root'), names)
      pieces.push({
        comments,
        value: {
          name,
          ...(gateway === undefined ? {} : { gateways: [gateway] }),
          ...(hosts.length > 0 ? { hosts } : {}),
          ...withPort(value, group.ports),
        },
      })
    }
  }
  return pieces
}

/** The routes of a server with the hosts that they are for. */
function placed(
  server: Server,
  group: Group,
  report: Report,
): readonly { readonly hosts: readonly string[]; readonly route: LocationRoute }[] {
  const isDefault = group.ports.some((port) => {
    const there = group.servers.filter(({ listens }) => listens.some((each) => each.port === port))
    const chosen = there.find(({ listens }) => listens.some((each) => each.port === port && each.isDefault)) ?? there[0]
    return chosen === server
  })
  const others = group.servers.filter((other) => other !== server)
  if (!isDefault && server.names.length === 0) {
    report.note(server.by, 'not carried over: no request has a name that a declaration could take for it')
    return []
  }
  const exact = server.names.filter((name) => !name.startsWith('*'))
  const patterns = server.names.filter((name) => name.startsWith('*'))
  const wildElsewhere = others.some(({ names }) => names.some((name) => name.startsWith('*')))
  const own = [exact, ...(wildElsewhere ? patterns.map((each) => [each]) : [])].filter((each) => each.length > 0)
  const named = wildElsewhere ? own : [server.names]
  // Its own names must not be taken by another server's pattern.
  const hostSets = isDefault ? [[], ...(wildElsewhere ? named : [])] : named
  const all = server.routes.flatMap((route) => {
    if (route.host === undefined) return hostSets.map((hosts) => ({ hosts, route }))
    return [{ hosts: [route.host], route }]
  })
  const whole = server.routes.some(({ value, host }) => value.prefix === '/' && host === undefined && isPlain(value))
  if (whole || others.length === 0) return all
  // What a server of its own does not take is 404 there, and nobody else's.
  const rest: LocationRoute = {
    by: server.by,
    comments: [`${placeOf(server.by)}: what it does not take is not taken by others`],
    value: { prefix: '/', answer: { status: 404 } },
  }
  return [...all, ...hostSets.filter((hosts) => hosts.length > 0).map((hosts) => ({ hosts, route: rest }))]
}

function isPlain({ methods, headers, query }: Piece['value']): boolean {
  return methods === undefined && headers === undefined && query === undefined
}

/** A redirect to another scheme goes to its usual port, also where this gateway listens elsewhere; one to a host does so by itself. */
function withPort(value: Piece['value'], ports: readonly number[]): Piece['value'] {
  const { redirect } = value
  if (
    typeof redirect !== 'object' ||
    redirect === null ||
    !('scheme' in redirect) ||
    'port' in redirect ||
    'host' in redirect
  ) {
    return value
  }
  if (ports.every((port) => port === 80 || port === 443)) return value
  return { ...value, redirect: { ...redirect, port: redirect.scheme === 'https' ? 443 : 80 } }
}

function actionText({ service, path, redirect, answer }: Piece['value']): string {
  return JSON.stringify(service === undefined ? (redirect ?? answer) : { service, path })
}

function zoneName({ args }: Directive): string {
  return /^zone=([^:]+)/.exec(args.find((arg) => arg.startsWith('zone=')) ?? '')?.[1] ?? ''
}

function nowhere({ directives }: NginxTree): Directive {
  return directives[0] ?? { name: 'http', args: [], block: [], file: 'nginx.conf', line: 1 }
}

/** Names every directive that nothing else here reads, with the reason. What is within such a block is not told one by one. */
function tellLeftBehind(directives: readonly Directive[], report: Report): void {
  for (const directive of directives) {
    const { name, block } = directive
    if (name === 'upstream') continue
    if (!read.has(name) && !same.test(name) && !restrictions.has(name)) report.lost(directive, reasonOf(name))
    else if (block !== undefined && name !== 'limit_except') tellLeftBehind(block, report)
  }
}
