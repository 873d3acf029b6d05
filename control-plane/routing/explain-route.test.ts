import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { plainEndpoint, plainRoute, plainTable, publishing } from '#test/support/routing/route-tables.ts'
import { explainRoute } from './explain-route.ts'
import type { RouteTable } from './table.ts'
import type { GatewaySeen } from './versions/rollout.ts'

const routes = [
  plainRoute('/api/users', 'users', { path: 'strip' }),
  plainRoute('/api/users', 'users-v2', { name: 'v2', match: { headers: [{ name: 'x-version', is: '2' }] } }),
  plainRoute('/api/users', 'users', { name: 'other-host', match: { hosts: ['a.example'], methods: ['GET'] } }),
  plainRoute('/api/jobs', 'jobs'),
  plainRoute('/shared', '', {
    choices: [
      { service: 'users', weight: 90 },
      { service: 'jobs', weight: 10 },
    ],
  }),
  plainRoute('/split', '', {
    choices: [{ service: 'users@old', weight: 1000 }],
    split: {
      name: 'users',
      baseline: 'users@old',
      canary: 'users@new',
      cohort: undefined,
      permille: 0,
      by: { kind: 'address' },
    },
  }),
  plainRoute('/gone', '', {
    action: { kind: 'answer', status: 410, contentType: 'text/plain', body: '' },
    policy: { access: { kind: 'required', authenticator: 'main', permissions: ['a'] } },
  }),
  plainRoute('/old', '', {
    action: { kind: 'redirect', status: 308, scheme: 'https', host: undefined, port: undefined, path: '/new' },
  }),
]
const services = {
  users: [plainEndpoint(1), plainEndpoint(2, { priority: 1, weight: 50 })],
  'users-v2': [],
  jobs: [],
  'users@old': [plainEndpoint(1)],
  'users@new': [],
}

type Told = { readonly table?: Partial<RouteTable>; readonly seen?: Partial<GatewaySeen>; readonly unsent?: boolean }

function explained(name: string, { table = {}, seen, unsent = false }: Told = {}) {
  const tables = publishing(plainTable(80, routes, services, table))
  const said: GatewaySeen | undefined = seen && {
    given: 1,
    proven: undefined,
    rejected: [],
    remarks: [],
    ...seen,
  }
  return explainRoute(name, {
    publisher: {
      ...tables,
      ...(unsent ? { published: () => undefined } : {}),
      leftOut: (instance, service) =>
        instance === 'users-9' && service === 'users' ? { instance, reason: reason('draining') } : undefined,
    },
    fleet: {
      instances: new Map(),
      instancesOfService: (service) => new Set(service === 'users' ? ['i-1', 'users-9'] : []),
    },
    seen: () => said,
  })
}

const first = (...asked: Parameters<typeof explained>) => explained(...asked).gateways[0]

t.test('a route is told with match, place, policies, source, and who is called', async (t) => {
  t.match(first('api-users', { seen: { proven: 1 } }), {
    gateway: 'edge',
    proxy: 'nginx',
    standing: 'proven',
    version: 1,
    proven: 1,
    answer: 'Route api-users leads to users; its proxies have proven version 1, which has it.',
    match: 'prefix /api/users',
    path: 'strip',
    access: 'open',
    policy: ['body 64 MiB', 'timeout 5 s', 'retries 1'],
    source: 'routes.yaml:10',
    place: 4,
    of: routes.length,
    choices: [
      {
        service: 'users',
        percent: 100,
        candidates: [
          { instance: 'i-1', weight: 100, last: false },
          { instance: 'i-2', weight: 50, last: true },
        ],
        left_out: [{ instance: 'users-9', reason: { code: 'draining' } }],
      },
    ],
  })
})

t.test('before it are only routes that could take its requests, in their order', async (t) => {
  const before = (name: string) => first(name)?.before.map(({ route }) => route)
  t.strictSame(before('api-users'), ['other-host', 'v2'])
  t.strictSame(before('other-host'), [])
  t.strictSame(before('api-jobs'), [])
  t.match(first('api-users')?.before[1], { match: 'prefix /api/users', besides: ['header x-version=2'] })
})

for (const { title, name, told, expected } of [
  {
    title: 'shares of several services, and one with nobody',
    name: 'shared',
    told: {},
    expected: { answer: /users \(90%\), jobs \(10%\); nobody of jobs can be called: 503;/ },
  },
  {
    title: 'both sides of a split, also the one that gets nothing, of which nobody is missed',
    name: 'split',
    told: {},
    expected: {
      answer: /^Route split leads to users@new \(0%\), users@old \(100%\); its proxies/,
      choices: [
        { service: 'users@new', percent: 0 },
        { service: 'users@old', percent: 100 },
      ],
    },
  },
  { title: 'an answer', name: 'gone', told: {}, expected: { answer: /answers 410/, access: 'main +a', choices: [] } },
  { title: 'a redirect', name: 'old', told: {}, expected: { answer: /redirects with 308/, choices: [] } },
  {
    title: 'proxies that have an older version',
    name: 'old',
    told: { seen: { proven: 0, rejected: ['r.yaml:1: no'] } },
    expected: { standing: 'unproven', rejected: ['r.yaml:1: no'], answer: /not proven version 1 yet.*proven is 0/ },
  },
  {
    title: 'proxies that have proven nothing',
    name: 'old',
    told: { seen: {} },
    expected: { standing: 'unproven', proven: null, answer: /none is proven/ },
  },
  {
    title: 'a gateway that is observed',
    name: 'old',
    told: { table: { mode: 'observe' } as const, seen: { proven: 1 } },
    expected: { standing: 'observed', answer: /nothing is sent/ },
  },
  {
    title: 'a declaration that is not sent yet',
    name: 'api-users',
    told: { unsent: true },
    expected: { standing: 'unpublished', version: null, answer: /not sent to its proxies yet/ },
  },
] satisfies readonly { title: string; name: string; told: Told; expected: object }[]) {
  t.test(`explains ${title}`, async (t) => {
    t.match(first(name, told), expected)
  })
}

t.test('a name that no gateway has is answered with those that come near', async (t) => {
  t.strictSame(explained('api-user'), { route: 'api-user', gateways: [], near: ['api-users'] })
  t.strictSame(explained('quite-different').near, [])
})
