import { askedCanaries } from '../table/split-routes.ts'
import type { RouteTable, Service } from '../table.ts'

type Called = Pick<RouteTable, 'services' | 'routes'>

/**
 * Whether a table takes away an endpoint that the one before it had, or all users from the canary of a split: such a set does not wait for
 * the reload budget. Only where an endpoint is counts; what else changed about it can wait.
 */
export function takesAway(before: Called, after: Called): boolean {
  return losesEndpoint(before, after) || losesCanary(before, after)
}

function losesEndpoint(before: Called, after: Called): boolean {
  const left = new Map(after.services.map((service) => [service.name, sockets(service)]))
  return before.services.some((service) => {
    const now = left.get(service.name)
    return now === undefined ? service.endpoints.length > 0 : [...called(service)].some((socket) => !now.has(socket))
  })
}

function losesCanary(before: Called, after: Called): boolean {
  return !askedCanaries(before).isSubsetOf(askedCanaries(after))
}

function sockets({ endpoints }: Pick<Service, 'endpoints'>): ReadonlySet<string> {
  return new Set(endpoints.map(({ address, port }) => `${address} ${port}`))
}

/** Those farther away than who stands by are not called from one moment to the next. */
function called({ endpoints }: Service): ReadonlySet<string> {
  return sockets({ endpoints: endpoints.filter(({ priority }) => priority < 2) })
}
