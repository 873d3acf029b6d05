import fc from 'fast-check'
import { isPrintable } from '#control-plane/routing/declaration/texts.ts'
import type { Endpoint, Listener, Route, RouteTable, Service } from '#control-plane/routing/table.ts'

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

const service = (name: string): fc.Arbitrary<Service> =>
  fc.record({
    name: fc.constant(name),
    balance: fc.constantFrom('round_robin', 'least_request'),
    connectTimeoutMs: fc.integer({ min: 1, max: 600_000 }),
    outlierEjection: fc.boolean(),
    idleTimeoutMs: fc.integer({ min: 1, max: 600_000 }),
    source,
    endpoints: fc.array(endpoint, { maxLength: 12 }),
  })

const listener = (name: string, port: number): fc.Arbitrary<Listener> =>
  fc.record({
    name: fc.constant(name),
    address: fc.constantFrom('127.0.0.1', '127.0.0.2', '::1'),
    port: fc.constant(port),
    source,
  })

const route = (name: string, services: readonly string[]): fc.Arbitrary<Route> =>
  fc.record({
    name: fc.constant(name),
    prefix,
    path: fc.constantFrom('strip', 'keep'),
    service: fc.constantFrom(...services),
    timeoutMs: fc.integer({ min: 1, max: 3_600_000 }),
    retries: fc.integer({ min: 0, max: 5 }),
    source,
  })

/** Any table whose listeners are on these ports. */
export function anyTable(ports: readonly number[]): fc.Arbitrary<RouteTable> {
  const names = fc.uniqueArray(serviceName, { minLength: 1, maxLength: 6 })
  const listeners = fc
    .shuffledSubarray([...ports], { minLength: 1 })
    .chain((some) => fc.tuple(...some.map((port, index) => listener(`l${index}`, port))))
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
        listeners,
        routes: fc
          .uniqueArray(plainName, { maxLength: 8 })
          .chain((routes) => fc.tuple(...routes.map((name) => route(name, services)))),
        services: fc.tuple(...services.toSorted().map(service)),
        source,
      })
      .map((table) => ({ ...table, routes: firstOfEachPrefix(table.routes) })),
  )
}

function firstOfEachPrefix(routes: readonly Route[]): readonly Route[] {
  const byPrefix = new Map(routes.toReversed().map((each) => [each.prefix, each]))
  return [...byPrefix.values()].sort((a, b) => b.prefix.length - a.prefix.length || (a.name < b.name ? -1 : 1))
}

/** A plain table to change in tests. */
export const plainService: Omit<Service, 'name' | 'endpoints'> = {
  balance: 'round_robin',
  connectTimeoutMs: 1000,
  outlierEjection: true,
  idleTimeoutMs: 4000,
  source: 'routes.yaml:20',
}

export function plainEndpoint(port: number, more: Partial<Endpoint> = {}): Endpoint {
  return { instance: `i-${port}`, address: '127.0.0.1', port, weight: 100, priority: 0, site: 'tencent', ...more }
}

export function plainRoute(prefix: string, to: string, more: Partial<Route> = {}): Route {
  return {
    name: prefix === '/' ? 'root' : prefix.slice(1).replaceAll('/', '-'),
    prefix,
    path: 'keep',
    service: to,
    timeoutMs: 5000,
    retries: 1,
    source: 'routes.yaml:10',
    ...more,
  }
}

export function plainTable(
  port: number,
  routes: readonly Route[],
  services: Readonly<Record<string, readonly Endpoint[] | Partial<Service>>>,
  more: Partial<RouteTable> = {},
): RouteTable {
  return {
    gateway: 'edge',
    proxy: 'nginx',
    delivery: 'files',
    mode: 'apply',
    logs: { access: undefined, attempts: undefined },
    listeners: [{ name: 'public', address: '127.0.0.1', port, source: 'routes.yaml:5' }],
    routes: routes.toSorted((a, b) => b.prefix.length - a.prefix.length || (a.name < b.name ? -1 : 1)),
    services: Object.entries(services).map(([name, content]) => ({
      name,
      ...plainService,
      ...('length' in content ? { endpoints: content } : { endpoints: [], ...content }),
    })) as readonly Service[],
    source: 'routes.yaml:3',
    ...more,
  }
}
