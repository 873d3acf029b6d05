import type { ApiHealth } from '../../fleet/routable.ts'

export type ServiceHealth = {
  /** Somebody looked, not long ago. */
  readonly success: boolean
  readonly healthy: boolean
  readonly status: ApiHealth
}

export type ServicesHealth = { readonly success: boolean; readonly services: Readonly<Record<string, ServiceHealth>> }

const unknown: ServiceHealth = { success: false, healthy: false, status: 'unknown' }
const order: readonly ApiHealth[] = ['healthy', 'warning', 'critical', 'unknown']

/** A service is as well as the best of its instances. */
export function bestOf(found: readonly ApiHealth[]): ApiHealth {
  return order.find((health) => found.includes(health)) ?? 'unknown'
}

/** How the services that old dashboards ask for are. @param healthOf what was found of one of them */
export function servicesHealth(names: readonly string[], healthOf: (name: string) => ApiHealth): ServicesHealth {
  const services = Object.fromEntries(
    names.map((name) => {
      const status = healthOf(name)
      return [name, status === 'unknown' ? unknown : { success: true, healthy: status !== 'critical', status }]
    }),
  )
  return { success: Object.values(services).every(({ success }) => success), services }
}
