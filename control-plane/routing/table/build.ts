import type { Declaration } from '../declaration/declaration.ts'
import type { Route, RouteTable, Service } from '../table.ts'

/** A gateway's table without its services: what only a new declaration changes. */
export type TableFrame = Omit<RouteTable, 'services'> & {
  /** The services that its routes lead to, by name, each once. */
  readonly serviceNames: readonly string[]
}

/** The frames of all gateways, by name. */
export function tableFrames({ gateways, routes }: Declaration): ReadonlyMap<string, TableFrame> {
  return new Map(
    gateways.map(({ name, ...gateway }) => {
      const here = routes.filter((route) => route.gateways.includes(name)).map(({ gateways: _, ...route }) => route)
      const serviceNames = [...new Set(here.map(({ service }) => service))].sort()
      return [name, { gateway: name, ...gateway, routes: here.toSorted(moreSpecific), serviceNames }]
    }),
  )
}

/** Longest prefix first, then by name. */
function moreSpecific(a: Route, b: Route): number {
  return b.prefix.length - a.prefix.length || (a.name < b.name ? -1 : 1)
}

/** A whole table. Services that `serviceOf` does not know are missing in it: `danglingRoutes` then names their routes. */
export function fillTable(
  { serviceNames, ...frame }: TableFrame,
  serviceOf: (name: string) => Service | undefined,
): RouteTable {
  return { ...frame, services: serviceNames.flatMap((name) => serviceOf(name) ?? []) }
}

/** Routes that lead nowhere. A table is published only when this is empty. */
export function danglingRoutes({ routes, services }: Pick<RouteTable, 'routes' | 'services'>): readonly Route[] {
  const known = new Set(services.map(({ name }) => name))
  return routes.filter(({ service }) => !known.has(service))
}
