import type { Forward, Match, Route, RoutePolicy, RouteTable } from '#control-plane/routing/table.ts'
import type { Fault } from './proxies.ts'

function eachRoute(change: (route: Route) => Route): Fault {
  return (table) => ({ ...table, routes: table.routes.map(change) })
}

const matching = (change: (match: Match) => Partial<Match>) =>
  eachRoute((route) => ({ ...route, match: { ...route.match, ...change(route.match) } }))
const withPolicy = (change: (policy: RoutePolicy) => Partial<RoutePolicy>) =>
  eachRoute((route) => ({ ...route, policy: { ...route.policy, ...change(route.policy) } }))
const forwarding = (change: (forward: Forward) => Partial<Forward>) =>
  eachRoute((route) =>
    route.action.kind === 'forward' ? { ...route, action: { ...route.action, ...change(route.action) } } : route,
  )

/** What renderers get wrong, each as what it makes of a table. */
export const faults: Readonly<Record<string, Fault>> = {
  'an exact path also takes what is below it': matching(({ path }) =>
    path.kind === 'exact' ? { path: { kind: 'prefix', path: path.path } } : {},
  ),
  'a template is taken by its first parts': matching(({ path }) =>
    path.kind === 'template' ? { path: { kind: 'prefix', path: path.path.replace(/\/\{.*$/, '') || '/' } } : {},
  ),
  'header conditions are forgotten': matching(() => ({ headers: [] })),
  'query conditions are forgotten': matching(() => ({ query: [] })),
  'methods are forgotten': matching(() => ({ methods: [] })),
  'hosts are forgotten': matching(() => ({ hosts: [] })),
  'clients are forgotten': matching(() => ({ clients: [] })),
  'the least specific route is tried first': (table: RouteTable) => ({ ...table, routes: table.routes.toReversed() }),
  'prefixes are never stripped': forwarding(({ path }) => (path.kind === 'strip' ? { path: { kind: 'keep' } } : {})),
  'a rewritten path is kept': forwarding(({ path }) => (path.kind === 'rewrite' ? { path: { kind: 'keep' } } : {})),
  'the cohort of a split is forgotten': forwarding(({ split }) =>
    split ? { split: { ...split, cohort: undefined } } : {},
  ),
  'users of a split are known by their address': forwarding(({ split }) =>
    split ? { split: { ...split, by: { kind: 'address' } } } : {},
  ),
  'authentication is forgotten': withPolicy(() => ({ access: { kind: 'open' } })),
  'permissions are forgotten': withPolicy(({ access }) =>
    access.kind === 'required' ? { access: { ...access, permissions: [] } } : {},
  ),
  'bodies have no limit': withPolicy(() => ({ maxBodyBytes: 64 * 1024 ** 2 })),
  'request headers are not taken off': withPolicy(({ requestHeaders }) => ({
    requestHeaders: { ...requestHeaders, remove: [] },
  })),
  'response headers are not set': withPolicy(({ responseHeaders }) => ({
    responseHeaders: { ...responseHeaders, set: [] },
  })),
}
