import fc from 'fast-check'
import { moreSpecific } from '#control-plane/routing/table/specificity.ts'
import { choicesOfSplit } from '#control-plane/routing/table/split.ts'
import type { Action, Endpoint, Forward, Listener, Route, RouteTable, Service } from '#control-plane/routing/table.ts'
import { plainEndpoint, plainListener, plainRoute, plainService, plainTable } from '../routing/route-tables.ts'

// Tables whose routes meet: few words, so that prefixes nest, hosts cover each other and conditions decide.

export const words = ['a', 'b', 'ab', 'v1.0', 'x-y'] as const
export const hosts = ['a.example', 'b.a.example', '*.example', '*.a.example'] as const
export const clients = ['client-a', 'client-b'] as const
export const permissions = ['p:read', 'p:write'] as const
export const serviceNames = ['one', 'two', '简历 "服务"', 'basic-*'] as const

const path = fc.array(fc.constantFrom(...words), { maxLength: 3 }).map((parts) => `/${parts.join('/')}`)

const template = fc
  .array(fc.tuple(fc.constantFrom(...words), fc.boolean()), { minLength: 1, maxLength: 3 })
  .map((parts) => `/${parts.map(([word, named], place) => (named ? `{p${place}}` : word)).join('/')}`)
  .filter((text) => text.includes('{'))

const pathMatch = fc.oneof(
  { weight: 5, arbitrary: path.map((path) => ({ kind: 'prefix' as const, path })) },
  { weight: 2, arbitrary: path.map((path) => ({ kind: 'exact' as const, path })) },
  { weight: 2, arbitrary: template.map((path) => ({ kind: 'template' as const, path })) },
)

const condition = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>) =>
  fc.oneof(fc.record({ name, is: value }), fc.record({ name, present: fc.boolean() }))
const few = <T>(arbitrary: fc.Arbitrary<T>, weight = 1) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant([] as T[]) },
    { weight, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: 2 }) },
  )
const uniqueBy = <T extends { readonly name: string }>(conditions: readonly T[]) => [
  ...new Map(conditions.map((each) => [each.name, each])).values(),
]

const match = fc
  .record({
    path: pathMatch,
    hosts: few(fc.constantFrom(...hosts)),
    clients: few(fc.constantFrom(...clients)),
    methods: few(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'), 2),
    headers: few(condition(fc.constantFrom('x-version', 'x-cohort'), fc.constantFrom('1', '2.0', 'a b'))),
    query: few(condition(fc.constantFrom('v', 'V', 'q-1'), fc.constantFrom('1', '', 'a%20b'))),
  })
  .map(({ path, hosts, clients, methods, headers, query }) => ({
    path,
    hosts: [...new Set(hosts)].sort(),
    clients: [...new Set(clients)].sort(),
    methods: [...new Set(methods)].sort(),
    headers: uniqueBy(headers),
    query: uniqueBy(query),
  }))

const service = fc.constantFrom(...serviceNames, 'nobody')

const other: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant('redirect' as const),
    status: fc.constantFrom(301, 302, 307, 308),
    scheme: fc.constantFrom('https', undefined),
    host: fc.constantFrom('new.example', undefined),
    port: fc.constantFrom(8443, undefined),
    path: fc.constantFrom('/new', '/'),
  }),
  fc
    .record({
      kind: fc.constant('answer' as const),
      status: fc.constantFrom(200, 204, 410, 503),
      contentType: fc.constantFrom('text/plain', 'application/json'),
      body: fc.constantFrom('', 'gone', '{"a":"$host \\"x\\" \\\\"}'),
    })
    .map((answer) => (answer.status === 204 ? { ...answer, body: '' } : answer)),
)

const rules = fc.record({
  set: fc.subarray([
    { name: 'x-set', value: 'plain' },
    { name: 'x-odd', value: '$host "a" %REQ(x)% \\ {b}; #' },
  ]),
  remove: fc.subarray(['x-secret', 'user-agent']),
})

const policy = fc.record({
  access: fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'open' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('required' as const),
        authenticator: fc.constant('zervi'),
        permissions: fc.subarray([...permissions]),
      }),
    },
  ),
  maxBodyBytes: fc.constantFrom(64 * 1024 ** 2, 64 * 1024 ** 2, 100),
  requestHeaders: rules,
  responseHeaders: rules,
})

function changeFor({ kind, path }: { kind: string; path: string }) {
  const named = kind === 'template' ? [`/t${path.match(/\/\{\w+\}/)?.[0] ?? ''}`] : []
  const rewrite = fc.constantFrom('/', '/r', '/r/s', ...named).map((to) => ({ kind: 'rewrite' as const, to }))
  const keep = fc.constant({ kind: 'keep' as const })
  return kind === 'prefix' ? fc.oneof(keep, fc.constant({ kind: 'strip' as const }), rewrite) : fc.oneof(keep, rewrite)
}

/** A service that is split, with the user's share drawn or not. */
const splitting: fc.Arbitrary<Pick<Forward, 'choices' | 'split'>> = fc
  .record({
    sides: fc.constantFrom(['one', 'two'] as const, ['two', 'one'] as const, ['one', 'nobody'] as const),
    cohort: fc.constantFrom(undefined, [{ name: 'x-cohort', is: 'a b' }], [{ name: 'x-version', present: false }]),
    permille: fc.constantFrom(0, 300, 700, 700, 1000),
    by: fc.constantFrom(
      { kind: 'header' as const, name: 'x-user-id' },
      { kind: 'header' as const, name: 'x-user-id' },
      { kind: 'address' as const },
    ),
  })
  .map(({ sides: [baseline, canary], ...how }) => {
    const split = { name: baseline, baseline, canary, ...how }
    return { split, choices: choicesOfSplit(split) }
  })

const route: fc.Arbitrary<Route> = match.chain((match) =>
  fc
    .record({
      policy,
      path: changeFor(match.path),
      choices: fc.uniqueArray(fc.record({ service, weight: fc.integer({ min: 1, max: 9 }) }), {
        minLength: 1,
        maxLength: 2,
        selector: ({ service }) => service,
      }),
      split: fc.option(splitting, { freq: 2, nil: {} }),
      // Most routes lead to services.
      action: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: other }),
    })
    .map(({ policy, path, choices, split, action }) =>
      plainRoute('/', '', { match, policy, path, choices, ...split, ...(action ? { action } : {}) }),
    ),
)

/** A table without addresses: what two proxies are given alike. */
export type World = { readonly routes: readonly Route[]; readonly balances: readonly Service['balance'][] }

export const anyWorld: fc.Arbitrary<World> = fc.record({
  routes: fc
    .uniqueArray(route, { minLength: 3, maxLength: 14, selector: ({ match }) => JSON.stringify(match) })
    .map((routes) => routes.map((each, place) => ({ ...each, name: `r${place}` })).toSorted(moreSpecific)),
  balances: fc.array(fc.constantFrom('round_robin', 'least_request', 'random', 'ip_hash'), {
    minLength: serviceNames.length,
    maxLength: serviceNames.length,
  }),
})

export type Places = {
  /** One for each listener: without a client, then one for each client. */
  readonly ports: readonly number[]
  /** Where the services of `serviceNames` answer, in their order. */
  readonly servers: readonly number[]
  readonly authorizer: string
}

/** The table of a world at these places. */
export function tableOf({ routes, balances }: World, { ports, servers, authorizer }: Places): RouteTable {
  const services: Record<string, Partial<Service> & { readonly endpoints: readonly Endpoint[] }> = {
    nobody: { endpoints: [] },
    verify: { endpoints: [] },
  }
  for (const [place, name] of serviceNames.entries()) {
    services[name] = { balance: balances[place] ?? 'round_robin', endpoints: [plainEndpoint(servers[place] ?? 0)] }
  }
  const listeners: readonly Listener[] = ports.map((port, place) => ({
    ...plainListener,
    name: `l${place}`,
    port,
    client: clients[place - 1],
  }))
  const plain = plainTable(0, routes, services)
  return {
    ...plain,
    routes,
    services: plain.services.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    listeners,
    authorizer,
    clients: clients.map((id) => ({ id, rate: undefined, source: plainService.source })),
    authenticators: [
      {
        kind: 'external',
        name: 'zervi',
        source: plainService.source,
        permissionsClaim: 'permissions',
        service: 'verify',
        path: '/verify',
        timeoutMs: 1000,
        cacheMs: 0,
      },
    ],
  }
}
