import fc from 'fast-check'
import t from 'tap'
import { anyTable } from '#test/support/routing/any-table.ts'
import { cannotCheck } from '../answers.ts'
import type { Authenticator, Route, RouteTable } from '../table.ts'
import { toJson } from './static-bootstrap.ts'

// Whatever is declared: what Envoy is given lets nobody in who must show a token first.

type Object = { readonly [key: string]: unknown }

/** Authenticators may be missing, which the planes' checks would not let through. */
const tables = fc.tuple(anyTable([8080, 8081]), fc.subarray(['zervi', 'keys'])).map(
  ([table, left]): RouteTable => ({
    ...table,
    proxy: 'envoy',
    authenticators: table.authenticators.filter(({ name }) => left.includes(name)),
  }),
)

await t.test('a route that asks for a token is never open', async (t) => {
  let seen = 0
  fc.assert(
    fc.property(tables, (table) => {
      const json = JSON.parse(JSON.stringify(toJson(table)))
      const byName = new Map(table.routes.map((route) => [route.name, route]))
      for (const { routes } of json.routes[0].virtual_hosts) {
        for (const route of routes) {
          const declared = byName.get(route.name)
          if (declared) {
            checkRoute(route, declared, table)
            seen += 1
          } else if (!['no-route', 'no-trace', 'no-dots', 'to-https'].includes(route.name) || 'route' in route) {
            throw new Error(`nobody declared ${JSON.stringify(route)}`)
          }
        }
      }
      for (const listener of json.listeners)
        for (const chain of listener.filter_chains) checkFilters(chain.filters[0], table)
      return true
    }),
    { numRuns: 300 },
  )
  t.ok(seen > 50, String(seen))
})

function checkRoute(route: Object, { policy: { access } }: Route, { gateway, authenticators }: RouteTable): void {
  if (access.kind === 'open') return
  const fail = (why: string) => {
    throw new Error(`${why}: ${JSON.stringify(route)}`)
  }
  const authenticator = authenticators.find(({ name }) => name === access.authenticator)
  if (!authenticator) {
    const { direct_response: said } = route as { direct_response?: { status: number; body: { inline_string: string } } }
    if (said?.status !== 503 || said.body.inline_string !== cannotCheck.body) fail('it must refuse')
    return
  }
  const { typed_per_filter_config: filters = {} } = route as { typed_per_filter_config?: Record<string, never> }
  const wanted = JSON.stringify(checksFor(authenticator, access.permissions, gateway))
  const found = JSON.stringify([
    requirementOf(filters['envoy.filters.http.jwt_authn']),
    permissionsOf(filters['envoy.filters.http.rbac']),
    questionOf(filters['envoy.filters.http.ext_authz']),
  ])
  if (found !== wanted) fail(`expected ${wanted}, got ${found}`)
}

function checksFor({ kind, name }: Authenticator, permissions: readonly string[], gateway: string): readonly unknown[] {
  if (kind === 'jwt') return [name, permissions.length === 0 ? null : permissions, null]
  return [null, null, [gateway, name, ...(permissions.length === 0 ? [] : [permissions.join(' ')])]]
}

function requirementOf(config: { readonly requirement_name: string } | undefined): unknown {
  return config?.requirement_name ?? null
}

type Permissions = {
  readonly rbac: { readonly rules: { readonly action: string; readonly policies: Record<string, never> } }
}

/** What all of the principals of the one policy must have. */
function permissionsOf(config: Permissions | undefined): unknown {
  if (!config) return null
  const { action, policies } = config.rbac.rules
  const [policy, ...others] = Object.values(policies) as { readonly principals: readonly Object[] }[]
  if (action !== 'ALLOW' || others.length > 0 || policy?.principals.length !== 1) return 'not strict'
  return JSON.stringify(policy.principals[0]).match(/(?<="exact":")[^"]*/g)
}

type Question = { readonly check_settings: { readonly http_service: Object } }

function questionOf(config: Question | undefined): unknown {
  if (!config) return null
  const { path_override: path, authorization_request: asked, server_uri: server } = config.check_settings.http_service
  if (path !== '/authorize' || (server as Object).cluster !== 'heddle-authorizer') return 'asks somebody else'
  return (asked as { headers_to_add: { value: string }[] }).headers_to_add.map(({ value }) => value)
}

/** The filters that routes speak to are all there, before what forwards. */
function checkFilters(
  { typed_config: config }: { readonly typed_config: Object },
  { authenticators }: RouteTable,
): void {
  const filters = config.http_filters as { readonly name: string; readonly typed_config: Object }[]
  const names = filters.map(({ name }) => name)
  const last = ['jwt_authn', 'rbac', 'ext_authz', 'router'].map((name) => `envoy.filters.http.${name}`)
  if (names.slice(-4).join() !== last.join()) throw new Error(names.join())
  const providers = Object.keys(filters.at(-4)?.typed_config.requirement_map ?? {})
  const jwt = authenticators.filter(({ kind }) => kind === 'jwt').map(({ name }) => name)
  if (providers.join() !== jwt.join()) throw new Error(`${providers} are known, not ${jwt}`)
}
