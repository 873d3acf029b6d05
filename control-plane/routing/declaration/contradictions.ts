import type { Problem } from '#shared/config/problem.ts'
import type { Source } from '../table.ts'
import { beyondNginx, leadsTo } from './nginx-limits.ts'
import type { GatewayPiece, Pieces, Place, Placed, RoutePiece, ServicePiece } from './pieces.ts'
import { splitContradictions } from './split-contradictions.ts'

/**
 * What is right in itself but not together: the same name, the same match or the same port twice, always with both places; a gateway,
 * an authenticator or a client that does not exist; what a gateway's proxy cannot do.
 * @param whole whether every file could be read; otherwise nothing is said about what is not there
 */
export function contradictions(pieces: readonly Pieces[], whole: boolean): readonly Problem[] {
  const gateways = pieces.flatMap((piece) => piece.gateways)
  const services = pieces.flatMap((piece) => piece.services)
  const routes = pieces.flatMap((piece) => piece.routes)
  const clients = pieces.flatMap((piece) => piece.clients)
  const authenticators = pieces.flatMap((piece) => piece.authenticators)
  const splits = pieces.flatMap((piece) => piece.splits)
  const names = new Set(gateways.map(({ name }) => name))
  return [
    ...repeated(gateways, ({ name }) => name).map(both((name) => `gateway "${name}" is declared twice`)),
    ...repeated(services, ({ name }) => name).map(both((name) => `service "${name}" is declared twice`)),
    ...repeated(clients, ({ id }) => id).map(both((id) => `client "${id}" is declared twice`)),
    ...repeated(authenticators, ({ name }) => name).map(both((name) => `authenticator "${name}" is declared twice`)),
    ...repeated(splits, ({ name }) => name).map(both((name) => `service "${name}" is split twice`)),
    ...splitContradictions(splits, routes, whole),
    ...gateways.flatMap(listenerCollisions),
    ...(whole ? unknownGateways(routes, names) : []),
    ...(whole ? unknownAuthenticators(gateways, routes, new Set(authenticators.map(({ name }) => name))) : []),
    ...(whole ? unknownClients(gateways, routes) : []),
    ...permissionsOfNobody(gateways, routes),
    ...gatewaysNowhere(gateways, services, routes),
    ...beyondNginx(gateways, services, routes, clients),
    ...repeatedRoutes(
      routes,
      names,
      ({ match }) => JSON.stringify(match),
      (key) => `${matchText(key)} is routed twice`,
    ),
    ...repeatedRoutes(
      routes,
      names,
      ({ name }) => name,
      (name) => `two routes are named "${name}"`,
    ),
  ]
}

function unknownGateways(routes: readonly RoutePiece[], names: ReadonlySet<string>): readonly Problem[] {
  return routes.flatMap(({ gateways = [], at }) => {
    const unknown = gateways.filter((name) => !names.has(name))
    return unknown.map((name) => problem(at, `there is no gateway "${name}"`))
  })
}

function unknownAuthenticators(
  gateways: readonly GatewayPiece[],
  routes: readonly RoutePiece[],
  names: ReadonlySet<string>,
): readonly Problem[] {
  return [...gateways, ...routes].flatMap(({ auth, at }) => {
    const known = auth === undefined || auth === 'open' || names.has(auth)
    return known ? [] : [problem(at, `there is no authenticator "${auth}"`)]
  })
}

/** A route for a client that no listener of its gateways has would never be taken. */
function unknownClients(gateways: readonly GatewayPiece[], routes: readonly RoutePiece[]): readonly Problem[] {
  return routes.flatMap((route) => {
    const here = gateways.filter(({ name }) => route.gateways === undefined || route.gateways.includes(name))
    const known = new Set(here.flatMap(({ listeners }) => listeners.flatMap(({ client }) => client ?? [])))
    const unknown = route.match.clients.filter((id) => !known.has(id))
    return unknown.map((id) => problem(route.at, `no listener of its gateways has the client "${id}"`))
  })
}

/** Permissions come with a token, so a route that asks for them must ask for one. */
function permissionsOfNobody(gateways: readonly GatewayPiece[], routes: readonly RoutePiece[]): readonly Problem[] {
  return routes.flatMap(({ auth, permissions, gateways: on, at }) => {
    if (permissions.length === 0 || auth !== undefined) return []
    const open = gateways.filter(({ name, auth }) => auth === 'open' && (on === undefined || on.includes(name)))
    return open.map(({ name }) =>
      problem(at, `it asks for permissions, but gateway "${name}" has no auth: say auth here`),
    )
  })
}

/** Near and far mean nothing to a gateway of which nobody says where it is. */
function gatewaysNowhere(
  gateways: readonly GatewayPiece[],
  services: readonly ServicePiece[],
  routes: readonly RoutePiece[],
): readonly Problem[] {
  return services
    .filter(({ locality }) => locality?.order.some((nearness) => nearness !== 'other'))
    .flatMap(({ name, at }) => {
      const leading = gateways.filter((gateway) =>
        routes.some((route) => (route.gateways?.includes(gateway.name) ?? true) && leadsTo(route, name)),
      )
      const nowhere = leading.filter(({ place }) => place === undefined)
      return nowhere.map((gateway) =>
        problem(
          at,
          `it has a locality, but gateway "${gateway.name}", which leads here, says neither site nor cluster`,
        ),
      )
    })
}

/** What a route takes, as people would say it. */
function matchText(key: string): string {
  const { path, ...rest }: RoutePiece['match'] = JSON.parse(key)
  const more = Object.entries(rest).filter(([, wanted]) => wanted.length > 0)
  const besides = more.map(([name, wanted]) => ` with ${name} ${JSON.stringify(wanted)}`).join('')
  return `${path.kind} "${path.path}"${besides}`
}

/** Routes that meet on a gateway, each pair told once with the gateways it meets on. */
function repeatedRoutes(
  routes: readonly RoutePiece[],
  names: ReadonlySet<string>,
  keyOf: (route: RoutePiece) => string,
  message: (key: string) => string,
): readonly Problem[] {
  const pairs = new Map<string, Pair<RoutePiece> & { readonly on: string[] }>()
  for (const gateway of names) {
    const here = routes.filter(({ gateways }) => gateways === undefined || gateways.includes(gateway))
    for (const pair of repeated(here, keyOf)) {
      const id = JSON.stringify([pair.earlier.at, pair.later.at])
      const known = pairs.get(id)
      if (known) known.on.push(gateway)
      else pairs.set(id, { ...pair, on: [gateway] })
    }
  }
  return [...pairs.values()].map(({ on, ...pair }) => both((key) => `${message(key)} on ${on.join(', ')}`)(pair))
}

function listenerCollisions({ name, listeners }: GatewayPiece): readonly Problem[] {
  const ports = listeners.flatMap((listener, index) => {
    const other = listeners.slice(0, index).find((earlier) => overlap(earlier, listener))
    if (!other) return []
    const claimed = `port ${listener.port} of gateway "${name}" is claimed twice`
    return [problem(listener.at, `${claimed}: by "${listener.name}" here and by "${other.name}" at ${other.source}`)]
  })
  const names = repeated(listeners, (listener) => listener.name)
  return [...ports, ...names.map(both((text) => `two listeners of gateway "${name}" are named "${text}"`))]
}

type Socket = { readonly address: string; readonly port: number }

/** Whether both cannot be listened on: the same port, and the same address or one that stands for all. */
function overlap(a: Socket, b: Socket): boolean {
  const all = (address: string) => address === '0.0.0.0' || /^[0:]+$/.test(address)
  return a.port === b.port && (a.address === b.address || all(a.address) || all(b.address))
}

type Pair<T> = { readonly key: string; readonly earlier: T; readonly later: T }

/** Each item whose key an earlier one has already, with the first of those. */
function repeated<T>(items: readonly T[], keyOf: (item: T) => string): readonly Pair<T>[] {
  const first = new Map<string, T>()
  return items.flatMap((later) => {
    const key = keyOf(later)
    const earlier = first.get(key)
    if (earlier !== undefined) return [{ key, earlier, later }]
    first.set(key, later)
    return []
  })
}

function both(message: (key: string) => string) {
  return ({ key, earlier, later }: Pair<Placed & { readonly source: Source }>): Problem =>
    problem(later.at, `${message(key)}: here and at ${earlier.source}`)
}

function problem(at: Place, message: string): Problem {
  return { ...at, message }
}
