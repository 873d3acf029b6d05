import type { RouteTable, Service } from '../table.ts'

/**
 * Whether a table takes away an endpoint that the one before it had: such a set does not wait for the reload budget. Only
 * where an endpoint is counts; what else changed about it can wait.
 */
export function takesAway(before: Pick<RouteTable, 'services'>, after: Pick<RouteTable, 'services'>): boolean {
  const left = new Map(after.services.map((service) => [service.name, sockets(service)]))
  return before.services.some((service) => {
    const now = left.get(service.name)
    return now === undefined ? service.endpoints.length > 0 : [...sockets(service)].some((socket) => !now.has(socket))
  })
}

function sockets({ endpoints }: Service): ReadonlySet<string> {
  return new Set(endpoints.map(({ address, port }) => `${address} ${port}`))
}
