import type { Hold } from './belief.ts'
import type { FleetView } from './view.ts'

/** What a hold keeps in place: its machines, and of each service how many instances are on them. */
export type Held = {
  readonly hold: Hold
  readonly instances: number
  /** By service; those of which most is held first. */
  readonly services: readonly { readonly service: string; readonly held: number; readonly of: number }[]
}

/** Costs a look at all nodes while something is held, and nothing otherwise. */
export function heldOf(fleet: FleetView): readonly Held[] {
  const { holds } = fleet.installation
  if (holds.size === 0) return []
  const held = new Map(
    [...holds.values()].map((hold) => [
      hold.site,
      { hold, machines: new Set(hold.machines), counts: new Map<string, number>() },
    ]),
  )
  for (const { spec } of fleet.nodes.values()) {
    const site = held.get(spec.site)
    if (!site?.machines.has(spec.machine)) continue
    for (const id of fleet.instancesOfNode(spec.id)) {
      const instance = fleet.instances.get(id)
      // What is dead is not held, and what takes no requests for another reason does so still.
      if (!instance || fleet.standing(id)?.routable === 'no') continue
      site.counts.set(instance.spec.service, (site.counts.get(instance.spec.service) ?? 0) + 1)
    }
  }
  return [...held.values()].map(({ hold, counts }) => {
    const services = [...counts].map(([service, count]) => ({
      service,
      held: count,
      of: fleet.instancesOfService(service).size,
    }))
    services.sort((a, b) => b.held / b.of - a.held / a.of || (a.service < b.service ? -1 : 1))
    return { hold, services, instances: services.reduce((sum, each) => sum + each.held, 0) }
  })
}
