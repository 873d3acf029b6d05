import { identifier } from '#shared/protocol/gateway-names.ts'
import type { Rate, RouteTable } from '../table.ts'
import type { Names } from './names.ts'
import { literal, quoted } from './quote.ts'
import { isCountable, nearestRate } from './rate.ts'

/** For about 64,000 addresses; the longest unseen makes room. */
const addressZone = '4m'
/** The least that nginx takes; it holds one key. */
const routeZone = '32k'

/** Longer variables do not fit the buckets of nginx's hash tables. */
const mostIdLength = 16

/** Where requests are counted, for each rate of a route or client. */
export function rateZones(
  { routes, clients }: Pick<RouteTable, 'routes' | 'clients'>,
  names: Names,
): readonly string[] {
  const zone = (key: string, { by, ...rate }: Rate, name: string) =>
    `limit_req_zone ${key} zone=${name}:${by === 'address' ? addressZone : routeZone} rate=${nearestRate(rate).text};`
  const ofClients = clients.flatMap(({ id, rate }) => {
    if (!rate) return []
    // Named by the client: nginx refuses a reload by which a zone gets another key.
    const key = `$${names.variable(`k_${identifier(id, mostIdLength)}`)}`
    const value = rate.by === 'address' ? '$binary_remote_addr' : '1'
    return [
      // A request of others has an empty key, which nginx does not count.
      `map $${names.variable('client')} ${key} { default ""; ${quoted(`~^${literal(id)}$`)} ${value}; }`,
      zone(key, rate, names.rateZone('client', id, rate.by)),
    ]
  })
  const ofRoutes = routes.flatMap(({ name, policy: { rate } }) =>
    rate && isCountable(rate)
      ? [zone(rate.by === 'address' ? '$binary_remote_addr' : 'all', rate, names.rateZone('route', name, rate.by))]
      : [],
  )
  return [...ofClients, ...ofRoutes]
}

/** A bucket of `burst` tokens, of which nginx counts the one that a request takes apart from the others. */
export function rateLine(of: 'route' | 'client', name: string, { by, burst }: Rate, names: Names): string {
  const most = burst > 1 ? ` burst=${burst - 1} nodelay` : ''
  return `limit_req zone=${names.rateZone(of, name, by)}${most};`
}

/** What holds on all listeners of clients, before the rates of routes. */
export function clientRateLines({ clients }: Pick<RouteTable, 'clients'>, names: Names): readonly string[] {
  return clients.flatMap(({ id, rate }) => (rate ? [rateLine('client', id, rate, names)] : []))
}
