import { nameOfPath } from '#control-plane/routing/declaration/texts.ts'
import { moreSpecific } from '#control-plane/routing/table/specificity.ts'
import type {
  Action,
  Endpoint,
  Forward,
  Listener,
  Match,
  PathChange,
  Route,
  RoutePolicy,
  RouteTable,
  Service,
} from '#control-plane/routing/table.ts'

/** A plain table to change in tests. */
export const plainService: Omit<Service, 'name' | 'endpoints'> = {
  balance: 'round_robin',
  connectTimeoutMs: 1000,
  ejection: { failures: 3, forMs: 5_000 },
  idleTimeoutMs: 4000,
  maxConnections: undefined,
  slowStartMs: undefined,
  tls: undefined,
  source: 'routes.yaml:20',
}

/** A listener of plain HTTP. */
export const plainListener: Omit<Listener, 'name' | 'port'> = {
  address: '127.0.0.1',
  client: undefined,
  tls: undefined,
  redirectToHttps: undefined,
  proxyProtocol: false,
  source: 'routes.yaml:3',
}

/** What a table has besides its gateway, listeners, routes and services. */
export const plainFrame = {
  trustedProxies: [],
  healthPath: undefined,
  authorizer: '127.0.0.1:18098',
  clients: [],
  authenticators: [],
} as const

export function plainEndpoint(port: number, more: Partial<Endpoint> = {}): Endpoint {
  return { instance: `i-${port}`, address: '127.0.0.1', port, weight: 100, priority: 0, site: 'tencent', ...more }
}

export type RouteParts = {
  readonly name?: string
  readonly source?: string
  readonly match?: Partial<Match>
  readonly action?: Action
  readonly policy?: Partial<RoutePolicy>
} & Partial<Omit<Forward, 'kind' | 'path'>> & { readonly path?: 'strip' | 'keep' | PathChange }

/** A route of a prefix to one service: what is not said is as a declaration has it that says nothing. */
export function plainRoute(prefix: string, to: string, parts: RouteParts = {}): Route {
  const {
    name = nameOfPath(prefix),
    source = 'routes.yaml:10',
    match,
    action,
    policy,
    path = 'keep',
    ...forward
  } = parts
  return {
    name,
    match: {
      hosts: [],
      clients: [],
      path: { kind: 'prefix', path: prefix },
      methods: [],
      headers: [],
      query: [],
      ...match,
    },
    action: action ?? {
      kind: 'forward',
      choices: [{ service: to, weight: 100 }],
      path: typeof path === 'string' ? { kind: path } : path,
      timeoutMs: 5000,
      retries: 1,
      websocket: true,
      mirror: undefined,
      ...forward,
    },
    policy: {
      access: { kind: 'open' },
      rate: undefined,
      cors: undefined,
      maxBodyBytes: 64 * 1024 ** 2,
      requestHeaders: { set: [], remove: [] },
      responseHeaders: { set: [], remove: [] },
      ...policy,
    },
    source,
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
    listeners: [{ ...plainListener, name: 'public', port, source: 'routes.yaml:5' }],
    ...plainFrame,
    routes: routes.toSorted(moreSpecific),
    services: Object.entries(services).map(([name, content]) => ({
      name,
      ...plainService,
      ...('length' in content ? { endpoints: content } : { endpoints: [], ...content }),
    })) as readonly Service[],
    source: 'routes.yaml:3',
    ...more,
  }
}

/** Tables as if a publisher had given them out, for what asks one. */
export function publishing(...tables: readonly RouteTable[]) {
  const frames = new Map(
    tables.map(({ services, ...frame }) => [
      frame.gateway,
      { ...frame, serviceNames: services.map(({ name }) => name) },
    ]),
  )
  return {
    frames,
    published: (gateway: string) => {
      const table = tables.find((each) => each.gateway === gateway)
      return table && { table, revision: 1, urgent: false, declared: 1, besides: [] }
    },
    leftOut: () => undefined,
  }
}
