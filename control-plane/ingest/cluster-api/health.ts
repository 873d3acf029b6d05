import type { FleetView } from '../../fleet/fleet.ts'
import type { ApiHealth } from '../../fleet/routable.ts'

export type ServiceHealth = {
  /** Somebody knows. */
  readonly success: boolean
  readonly healthy: boolean
  readonly status: ApiHealth
}

export type ServicesHealth = { readonly success: boolean; readonly services: Readonly<Record<string, ServiceHealth>> }

const unknown: ServiceHealth = { success: false, healthy: false, status: 'unknown' }
const order: readonly ApiHealth[] = ['healthy', 'warning', 'critical', 'unknown']

/**
 * How the services that old dashboards ask for are: as well as the best of their instances; what nobody has judged is unknown.
 * @param names the service of the fleet, by the name under which it is reported
 */
export function servicesHealth(names: Readonly<Record<string, string>>, fleet: FleetView): ServicesHealth {
  const services = Object.fromEntries(Object.entries(names).map(([name, service]) => [name, healthOf(service, fleet)]))
  return { success: Object.values(services).every(({ success }) => success), services }
}

function healthOf(service: string, fleet: FleetView): ServiceHealth {
  const found = new Set([...fleet.instancesOfService(service)].map((id) => fleet.standing(id)?.health))
  const status = order.find((health) => found.has(health)) ?? 'unknown'
  return status === 'unknown' ? unknown : { success: true, healthy: status !== 'critical', status }
}
