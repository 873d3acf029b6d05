import { reasonText } from '#shared/protocol/reason.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Publisher } from './publisher.ts'
import { localityText } from './table/locality-text.ts'
import { servicesOf } from './table/services-of.ts'
import type { RouteTable } from './table.ts'

/** One step of the answer why an instance is or is not called. */
export type RoutingStage = { readonly stage: string; readonly state: 'yes' | 'no' | 'note'; readonly text: string }

type Tables = Pick<
  Publisher,
  'frames' | 'published' | 'leftOut' | 'namesFor' | 'weighed' | 'locality' | 'calledInPanic'
>

/**
 * Which routes lead to an instance, and whether it is among their endpoints; for each gateway, and each name under which it is called
 * there: its service's own, a pattern of names, or one that stands for clusters.
 */
export function explainRouting(
  id: string,
  fleet: Pick<FleetView, 'instances'>,
  tables: Tables,
): readonly RoutingStage[] {
  if (!fleet.instances.has(id)) return []
  const names = [...tables.namesFor(id)].sort()
  return [...tables.frames].flatMap(([gateway, frame]) =>
    names.flatMap((service) => {
      const routes = frame.routes.filter((route) => servicesOf(route).includes(service))
      if (routes.length === 0) return []
      const stage = `route:${gateway}`
      const places = routes.map(({ match, source }) => `${match.path.path} (${source})`).join(', ')
      const table = tables.published(gateway)?.table
      if (!table)
        return [{ stage, state: 'note' as const, text: `${places} leads to ${service}, but nothing is published yet` }]
      return [{ stage, ...endpointText(id, service, places, table, tables) }]
    }),
  )
}

function endpointText(
  id: string,
  service: string,
  places: string,
  table: RouteTable,
  tables: Tables,
): Omit<RoutingStage, 'stage'> {
  const { endpoints = [] } = table.services.find(({ name }) => name === service) ?? {}
  const endpoint = endpoints.find(({ instance }) => instance === id)
  const led = `${places} leads to ${service}`
  if (!endpoint) {
    const why = tables.leftOut(id, service, table.gateway)
    const reason = why ? reasonText(why.reason) : 'it is not published yet'
    return { state: 'no', text: `${led}, but not to this instance: ${reason}` }
  }
  const { address, port, weight, priority } = endpoint
  const weighed = tables.weighed(id, service)
  const lowered = weighed?.cause
    ? `, ${Math.round(weighed.factor * 100)}% of what is declared for its ${weighed.cause}`
    : ''
  const of = `one of ${endpoints.length}, at ${address}:${port} with weight ${weight}${lowered}`
  const view = tables.locality(table.gateway, service)
  const panic = tables.calledInPanic(id, service)
  if (panic) {
    return { state: 'note', text: `${led}, ${of}, although ${reasonText(panic)}: too few of the service are left` }
  }
  const level = view ? `; ${localityText(view)}` : ''
  return priority === 0
    ? { state: 'yes', text: `${led}, ${of}${level}` }
    : { state: 'note', text: `${led}, ${of}, only when nothing better is left${level}` }
}
