import type { Direction } from '../world/network.ts'
import { unitsOn, type WorldPlan } from '../world/plan.ts'
import { type FaultKind, type Harm, injected, serversIn } from './fault.ts'

const directions: readonly Direction[] = ['both', 'in', 'out']

function harms(host: string, plan: WorldPlan): Harm {
  const units = unitsOn(plan, host)
  // Whether its servers leave depends on who else of the site is in contact.
  return { hits: units, doubts: serversIn(plan, units) }
}

/** Nothing reaches a host any more, or nothing of what it sends arrives, or both. Nobody is told: packets are lost. */
export const cut: FaultKind = {
  name: 'cut',
  targets: (plan) => plan.hosts.flatMap((host) => directions.map((direction) => `${host}/${direction}`)),
  seconds: [5, 30],
  weight: 3,
  harms: (target, plan) => harms(hostIn(target), plan),
  inject: async (world, target) => {
    const host = hostIn(target)
    const direction = directions.find((each) => target.endsWith(`/${each}`)) ?? 'both'
    const restore = await world.network.cut(host, direction)
    return injected(harms(host, world.plan), restore)
  },
}

function hostIn(target: string): string {
  return target.slice(0, target.lastIndexOf('/'))
}
