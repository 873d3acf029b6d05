import type { Problem } from '#shared/config/problem.ts'
import { isCountable } from '../nginx/rate.ts'
import type { Rate, Route } from '../table.ts'
import type { ClientPiece, GatewayPiece, Placed, RoutePiece, ServicePiece } from './pieces.ts'

/** What a declaration may ask for that Nginx cannot do: what it is called, and whether a piece asks for it. */
type Limit<T> = { readonly key: string; readonly asked: (piece: T) => boolean }

const ofServices: readonly Limit<ServicePiece>[] = [
  { key: 'slow_start', asked: ({ slowStartMs }) => slowStartMs !== undefined },
]

// It counts by whole requests in a minute or a second, and its own name and clock are in every answer.
const ofRoutes: readonly Limit<RoutePiece>[] = [
  { key: 'this rate', asked: ({ policy }) => uncountable(policy.rate) },
  {
    key: 'response_headers for "server" and "date"',
    asked: ({ policy: { responseHeaders } }) =>
      [...responseHeaders.set.map(({ name }) => name), ...responseHeaders.remove].some((name) => kept.has(name)),
  },
]

const ofClients: readonly Limit<ClientPiece>[] = [{ key: 'this rate', asked: ({ rate }) => uncountable(rate) }]

const kept = new Set(['server', 'date'])

function uncountable(rate: Rate | undefined): boolean {
  return rate !== undefined && !isCountable(rate)
}

/** Everything that Nginx cannot do, where a gateway of Nginx is to do it. Whatever is not here it does like Envoy. */
export function beyondNginx(
  gateways: readonly GatewayPiece[],
  services: readonly ServicePiece[],
  routes: readonly RoutePiece[],
  clients: readonly ClientPiece[],
): readonly Problem[] {
  const nginxes = gateways.filter(({ proxy }) => proxy === 'nginx')
  return nginxes.flatMap((gateway) => {
    const on = routes.filter(({ gateways }) => gateways?.includes(gateway.name) ?? true)
    const led = services.filter(({ name }) => on.some((route) => leadsTo(route, name)))
    const heard = clients.filter(({ id }) => gateway.listeners.some(({ client }) => client === id))
    return [
      ...told(led, ofServices, ({ name }) => `gateway "${gateway.name}" leads to "${name}"`),
      ...told(on, ofRoutes, ({ name }) => `gateway "${gateway.name}" has the route "${name}"`),
      ...told(heard, ofClients, ({ id }) => `gateway "${gateway.name}" listens for "${id}"`),
    ]
  })
}

function told<T extends Placed>(
  pieces: readonly T[],
  limits: readonly Limit<T>[],
  why: (piece: T) => string,
): readonly Problem[] {
  return pieces.flatMap((piece) =>
    limits
      .filter(({ asked }) => asked(piece))
      .map(({ key }) => ({ ...piece.at, message: `Nginx cannot do ${key}, and ${why(piece)}` })),
  )
}

/** Whether requests of a route go to a service, copies included. */
export function leadsTo({ action }: Pick<Route, 'action'>, service: string): boolean {
  if (action.kind !== 'forward') return false
  const { choices, mirror } = action
  return [...choices, ...(mirror ? [mirror] : [])].some((each) => each.service === service)
}
