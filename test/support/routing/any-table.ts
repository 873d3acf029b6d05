import fc from 'fast-check'
import { isPrintable } from '#control-plane/routing/declaration/texts.ts'
import { moreSpecific } from '#control-plane/routing/table/specificity.ts'
import { choicesOfSplit } from '#control-plane/routing/table/split.ts'
import type {
  Access,
  Action,
  Authenticator,
  ClientPolicy,
  Condition,
  Cors,
  Endpoint,
  Forward,
  Listener,
  Match,
  PathChange,
  PathMatch,
  Rate,
  Route,
  RoutePolicy,
  RouteTable,
  Service,
  Split,
} from '#control-plane/routing/table.ts'

// Tables as a declaration and a fleet may give them: names of any kind, paths that meet and nest.

const plainName = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/)
const serviceName = fc.oneof(
  fc.constantFrom(
    'user-service',
    '简历服务',
    'a b',
    '$host',
    '"quoted"',
    "it's",
    '{;}',
    '\\',
    '#',
    'A-b',
    'a_b',
    'a-b',
  ),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
    .filter((text) => text.length <= 100 && isPrintable(text)),
)
const source = fc.oneof(fc.constant('routes.yaml:12'), fc.string({ unit: 'grapheme', maxLength: 40 }))
const part = fc.oneof(
  fc.constantFrom('api', 'users', 'v1', 'a'),
  fc.stringMatching(/^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,12}$/),
)
const prefix = fc.oneof(
  { weight: 1, arbitrary: fc.constant('/') },
  { weight: 6, arbitrary: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`) },
)

const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  instance: fc.oneof(fc.constant('user-0a1b2c3d'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 })),
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
  weight: fc.oneof(fc.constant(100), fc.integer({ min: 1, max: 1000 })),
  priority: fc.constantFrom(0, 0, 0, 1),
  site: fc.constantFrom('tencent', '阿里云'),
})

/** Files that a proxy finds on its machine, for tables with TLS. */
export type PemFiles = { readonly cert: string; readonly key: string; readonly ca: string }

const service = (name: string, pem: PemFiles | undefined): fc.Arbitrary<Service> =>
  fc.record({
    name: fc.constant(name),
    balance: fc.constantFrom('round_robin', 'least_request', 'random', 'ip_hash'),
    connectTimeoutMs: fc.integer({ min: 1, max: 600_000 }),
    ejection: fc.option(
      fc.record({ failures: fc.integer({ min: 1, max: 100 }), forMs: fc.integer({ min: 1000, max: 600_000 }) }),
      { nil: undefined },
    ),
    maxConnections: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    slowStartMs: fc.constant(undefined),
    tls: pem
      ? fc.option(fc.record({ name: host, ca: fc.constant(pem.ca) }), { nil: undefined })
      : fc.constant(undefined),
    idleTimeoutMs: fc.integer({ min: 1, max: 600_000 }),
    source,
    endpoints: fc.array(endpoint, { maxLength: 12 }),
  })

const longHost = `${'long-'.repeat(12)}name.example`
const host = fc.constantFrom('a.example', 'b.example', 'api.a.example', 'x-1.b.example', longHost)
const hostPattern = fc.oneof(host, fc.constantFrom('*.a.example', '*.example', `*.${longHost}`))
const client = fc.constantFrom('web', 'app-1', 'b.2')
const clients = ['app-1', 'b.2', 'web'] as const
const rate: fc.Arbitrary<Rate> = fc.record({
  requests: fc.integer({ min: 1, max: 9_999_999 }),
  perMs: fc.constantFrom(1000, 60_000, 3_600_000),
  burst: fc.integer({ min: 1, max: 1_000_000 }),
  by: fc.constantFrom('route', 'address'),
})

const listener = (name: string, port: number, pem: PemFiles | undefined): fc.Arbitrary<Listener> =>
  fc
    .record({
      name: fc.constant(name),
      address: fc.constantFrom('127.0.0.1', '127.0.0.2', '::1'),
      port: fc.constant(port),
      client: fc.option(client, { nil: undefined }),
      tls: pem ? fc.option(tls(pem), { nil: undefined }) : fc.constant(undefined),
      redirectToHttps: fc.option(fc.constantFrom(443, 8443), { nil: undefined }),
      proxyProtocol: fc.boolean(),
      source,
    })
    .map((each) => (each.tls ? { ...each, redirectToHttps: undefined } : each))

const tls = ({ cert, key }: PemFiles): fc.Arbitrary<NonNullable<Listener['tls']>> =>
  fc.record({
    certificates: fc.array(
      fc.record({
        cert: fc.constant(cert),
        key: fc.constant(key),
        hosts: fc.uniqueArray(hostPattern, { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    minVersion: fc.constantFrom('1.2', '1.3'),
    http2: fc.boolean(),
  })

const headerText = fc.string({
  unit: fc.oneof(fc.constantFrom('$', '"', '\\', ';', '%', '{', ' '), fc.stringMatching(/^[!-~]$/)),
  maxLength: 60,
})
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS')
const presence = fc.boolean().map((present) => ({ present }))
const conditions = (name: fc.Arbitrary<string>, is: fc.Arbitrary<string>): fc.Arbitrary<readonly Condition[]> =>
  fc
    .uniqueArray(name, { maxLength: 2 })
    .chain((names) =>
      fc.tuple(
        ...names.map((each) =>
          fc.oneof(presence, fc.record({ is })).map((wanted): Condition => ({ name: each, ...wanted })),
        ),
      ),
    )

const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  prefix.map((path) => ({ kind: 'prefix' as const, path })),
  prefix.map((path) => ({ kind: 'exact' as const, path })),
  fc.tuple(prefix, prefix).map(([before, after]) => ({
    kind: 'template' as const,
    path: `${before === '/' ? '' : before}/{id}${after === '/' ? '' : after}/{other}`,
  })),
)

const match: fc.Arbitrary<Match> = fc.record({
  hosts: fc.uniqueArray(hostPattern, { maxLength: 2 }),
  clients: fc.uniqueArray(client, { maxLength: 2 }),
  path: pathMatch,
  methods: fc.uniqueArray(method, { maxLength: 3 }),
  headers: conditions(
    fc.constantFrom('x-a', 'x_b', 'accept'),
    fc.constantFrom('one', 'a b', '"$x"', 'c:\\d', '.*', '{1}'),
  ),
  query: conditions(fc.constantFrom('q', 'a.b', 'x-y'), fc.constantFrom('', 'one', "%41'(*)$!", 'a:b@c')),
})

const pathChange = (path: PathMatch): fc.Arbitrary<PathChange> =>
  fc.oneof(
    fc.constant({ kind: path.kind === 'prefix' ? ('strip' as const) : ('keep' as const) }),
    fc.constant({ kind: 'keep' as const }),
    prefix.map((to) => ({
      kind: 'rewrite' as const,
      to: path.kind === 'template' ? `${to === '/' ? '' : to}/{other}/x/{id}` : to,
    })),
  )

const splitting = (services: readonly string[]): fc.Arbitrary<Split> =>
  fc.record({
    name: fc.constantFrom(...services),
    baseline: fc.constantFrom(...services),
    canary: fc.constantFrom(...services),
    cohort: fc.option(conditions(fc.constantFrom('x-canary', 'x_cohort'), fc.constantFrom('yes', 'a b')), {
      nil: undefined,
    }),
    permille: fc.oneof(fc.constantFrom(0, 1, 999, 1000), fc.integer({ min: 0, max: 1000 })),
    by: fc.oneof(
      fc.record({ kind: fc.constant('header' as const), name: fc.constantFrom('x-user-id', 'user_id') }),
      fc.record({ kind: fc.constant('cookie' as const), name: fc.constantFrom('session', 'sid_1') }),
      fc.constant({ kind: 'address' as const }),
    ),
  })

const forward = (path: PathMatch, services: readonly string[]): fc.Arbitrary<Action> =>
  fc
    .tuple(plainForward(path, services), fc.option(splitting(services), { freq: 3, nil: undefined }))
    .map(([action, split]) => (split ? { ...action, split, choices: choicesOfSplit(split) } : action))

const plainForward = (path: PathMatch, services: readonly string[]): fc.Arbitrary<Forward> =>
  fc.record({
    kind: fc.constant('forward' as const),
    choices: fc.array(
      fc.record({
        service: fc.constantFrom(...services),
        weight: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1000 })),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    path: pathChange(path),
    timeoutMs: fc.option(fc.integer({ min: 1, max: 3_600_000 }), { nil: undefined }),
    retries: fc.integer({ min: 0, max: 5 }),
    websocket: fc.boolean(),
    mirror: fc.option(fc.record({ service: fc.constantFrom(...services), percent: fc.integer({ min: 1, max: 100 }) }), {
      nil: undefined,
    }),
  })

const redirect: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('redirect' as const),
  status: fc.constantFrom(301, 302, 307, 308),
  scheme: fc.option(fc.constantFrom('http', 'https'), { nil: undefined }),
  host: fc.option(host, { nil: undefined }),
  port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
  path: fc.option(prefix, { nil: undefined }),
})

const answer: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('answer' as const),
  status: fc.integer({ min: 200, max: 599 }),
  contentType: fc.constantFrom('text/plain', 'text/html; charset=utf-8'),
  body: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.constant('$中"'.repeat(500))),
})

const action = (path: PathMatch, services: readonly string[]): fc.Arbitrary<Action> =>
  fc.oneof(
    { weight: 4, arbitrary: forward(path, services) },
    { weight: 1, arbitrary: redirect },
    { weight: 1, arbitrary: answer },
  )

const cors: fc.Arbitrary<Cors> = fc
  .record({
    origins: fc.constantFrom<readonly string[]>(
      ['*'],
      ['https://app.example.com'],
      ['http://localhost:3000', 'https://a.b'],
    ),
    methods: fc.uniqueArray(method, { maxLength: 3 }),
    headers: fc.uniqueArray(fc.constantFrom('content-type', 'x_a'), { maxLength: 2 }),
    expose: fc.uniqueArray(fc.constantFrom('x-total', 'etag'), { maxLength: 2 }),
    credentials: fc.boolean(),
    maxAgeS: fc.integer({ min: 1, max: 86_400 }),
  })
  .map((each) => (each.origins.includes('*') ? { ...each, credentials: false } : each))

const headerRules = fc.record({
  set: fc.uniqueArray(fc.record({ name: fc.constantFrom('x-a', 'x_b', 'content-type', 'etag'), value: headerText }), {
    selector: ({ name }) => name,
    maxLength: 2,
  }),
  remove: fc.uniqueArray(fc.constantFrom('x-c', 'authorization', 'cookie'), { maxLength: 2 }),
})

const access: fc.Arbitrary<Access> = fc.oneof(
  fc.constant({ kind: 'open' as const }),
  fc.record({
    kind: fc.constant('required' as const),
    authenticator: fc.constantFrom('zervi', 'keys'),
    permissions: fc.uniqueArray(fc.constantFrom('cluster:manage', 'a/b', 'x'), { maxLength: 2 }),
  }),
)

const policy: fc.Arbitrary<RoutePolicy> = fc.record({
  access,
  rate: fc.option(rate, { nil: undefined }),
  cors: fc.option(cors, { nil: undefined }),
  maxBodyBytes: fc.integer({ min: 1, max: 2 ** 40 }),
  requestHeaders: headerRules,
  responseHeaders: headerRules,
})

const route = (name: string, services: readonly string[]): fc.Arbitrary<Route> =>
  match.chain((each) =>
    fc.record({
      name: fc.constant(name),
      match: fc.constant(each),
      action: action(each.path, services),
      policy,
      source,
    }),
  )

const authenticatorsOf = (service: string): readonly Authenticator[] => [
  {
    kind: 'jwt',
    name: 'keys',
    source: 'auth.yaml:1',
    permissionsClaim: 'permissions',
    issuer: 'https://issuer.example',
    audiences: ['platform'],
    keys: { service, path: '/jwks', refreshMs: 300_000 },
  },
  {
    kind: 'external',
    name: 'zervi',
    source: 'auth.yaml:9',
    permissionsClaim: 'permissions',
    service,
    path: '/verify',
    timeoutMs: 1000,
    cacheMs: 30_000,
  },
]

/**
 * Any table whose listeners are on these ports.
 * @param pem what listeners and services that speak TLS name; undefined: none does
 */
export function anyTable(ports: readonly number[], pem?: PemFiles): fc.Arbitrary<RouteTable> {
  const names = fc.uniqueArray(serviceName, { minLength: 1, maxLength: 6 })
  const listeners = fc
    .shuffledSubarray([...ports], { minLength: 1 })
    .chain((some) => fc.tuple(...some.map((port, index) => listener(`l${index}`, port, pem))))
  return names.chain((services) =>
    fc
      .record({
        gateway: plainName,
        proxy: fc.constant('nginx' as const),
        delivery: fc.constant('files' as const),
        mode: fc.constant('apply' as const),
        logs: fc.record({
          access: fc.option(fc.constant('/dev/null'), { nil: undefined }),
          attempts: fc.constant(undefined),
        }),
        trustedProxies: fc.uniqueArray(
          fc.constantFrom('10.1.2.3', '10.1.2.3/8', '::1', 'fd00::1:2/50', '::ffff:10.0.0.1', '0.0.0.0/0'),
          { maxLength: 3 },
        ),
        healthPath: fc.option(fc.constant('/healthz'), { nil: undefined }),
        authorizer: fc.constant('127.0.0.1:18098'),
        clientRates: fc.tuple(...clients.map(() => fc.option(rate, { nil: undefined }))),
        authenticators: fc.constant(authenticatorsOf(services[0] ?? '')),
        listeners,
        routes: fc
          .uniqueArray(plainName, { maxLength: 8 })
          .chain((routes) => fc.tuple(...routes.map((name) => route(name, services)))),
        services: fc.tuple(...services.toSorted().map((name) => service(name, pem))),
        source,
      })
      .map(({ clientRates, ...table }) => ({
        ...table,
        clients: clientsOf(table.listeners, clientRates),
        routes: table.routes.toSorted(moreSpecific),
      })),
  )
}

/** The clients that listeners name, each with its rate. */
function clientsOf(listeners: readonly Listener[], rates: readonly (Rate | undefined)[]): readonly ClientPolicy[] {
  return clients.flatMap((id, index) =>
    listeners.some((each) => each.client === id) ? [{ id, rate: rates[index], source: 'clients.yaml:1' }] : [],
  )
}
