import type { Declaration } from '../declaration/declaration.ts'
import type { Route, RouteTable, Service } from '../table.ts'
import { serviceOfAuthenticator, servicesOf } from './services-of.ts'
import { moreSpecific } from './specificity.ts'
import { type SplitPositions, withSplit } from './split-routes.ts'

/** A gateway's table without its services: what only a new declaration changes. */
export type TableFrame = Omit<RouteTable, 'services'> & {
  /** The services that its routes lead to and its authenticators ask, by name, each once. */
  readonly serviceNames: readonly string[]
}

/** The frames of all gateways, by name. @param positions how far the splits are; by default none has begun */
export function tableFrames(
  declaration: Declaration,
  positions: SplitPositions = new Map(),
): ReadonlyMap<string, TableFrame> {
  return new Map(
    declaration.gateways.map(({ name, ...gateway }) => {
      const routes = declaration.routes
        .filter((route) => route.gateway === name)
        .map(({ gateway: _, ...route }) => withSplit(route, declaration.splits, positions))
        .toSorted(moreSpecific)
      const asked = new Set(
        routes.flatMap(({ policy: { access } }) => (access.kind === 'required' ? [access.authenticator] : [])),
      )
      const authenticators = [...asked].sort().flatMap((each) => declaration.authenticators.get(each) ?? [])
      const ids = [...new Set(gateway.listeners.flatMap(({ client }) => client ?? []))].sort()
      const clients = ids.map((id) => declaration.clients.get(id) ?? { id, rate: undefined, source: gateway.source })
      const services = [...routes.flatMap(servicesOf), ...authenticators.map(serviceOfAuthenticator)]
      const serviceNames = [...new Set(services)].sort()
      return [name, { gateway: name, ...gateway, clients, authenticators, routes, serviceNames }]
    }),
  )
}

/** A whole table. Services that `serviceOf` does not know are missing in it: `danglingRoutes` then names their routes. */
export function fillTable(
  { serviceNames, ...frame }: TableFrame,
  serviceOf: (name: string) => Service | undefined,
): RouteTable {
  return { ...frame, services: serviceNames.flatMap((name) => serviceOf(name) ?? []) }
}

/**
 * A table in which only some services are others, whose routes so lead where they led; undefined: it is not known whether that is all.
 * @param before made of the same frame, whole
 */
export function refillTable(
  before: RouteTable,
  { serviceNames }: TableFrame,
  changed: ReadonlySet<string>,
  serviceOf: (name: string) => Service | undefined,
): RouteTable | undefined {
  if (before.services.length !== serviceNames.length) return undefined
  let known = true
  const services = before.services.map((service) => {
    if (!changed.has(service.name)) return service
    const other = serviceOf(service.name)
    known &&= other !== undefined
    return other ?? service
  })
  return known ? { ...before, services } : undefined
}

/** Routes that lead nowhere. A table is published only when this is empty. */
export function danglingRoutes({ routes, services }: Pick<RouteTable, 'routes' | 'services'>): readonly Route[] {
  const known = new Set(services.map(({ name }) => name))
  return routes.filter((route) => servicesOf(route).some((name) => !known.has(name)))
}
