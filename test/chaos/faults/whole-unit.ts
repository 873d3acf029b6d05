import { unitsOf, type WorldPlan } from '../world/plan.ts'
import type { Unit } from '../world/unit.ts'
import { CannotInject, type FaultKind, type Harm, injected, serversIn } from './fault.ts'

/** The plane that leads at that moment, whichever it is. */
const leader = 'leader'

/** What a fault does that takes a unit away: a server that is one must leave. */
function taken(unit: string, plan: WorldPlan): Harm {
  return { hits: unit === leader ? plan.planes : [unit], downs: serversIn(plan, [unit]) }
}

/**
 * A fault that takes any unit away as a whole, or the plane that leads.
 * @param take resolves with how it comes back
 */
export function wholeUnitFault(
  about: Pick<FaultKind, 'name' | 'seconds' | 'weight'>,
  take: (unit: Unit) => Promise<() => Promise<void>>,
): FaultKind {
  return {
    ...about,
    targets: (plan) => [leader, ...unitsOf(plan)],
    harms: taken,
    inject: async (world, target) => {
      const name = target === leader ? await world.leader() : target
      if (name === undefined) throw new CannotInject('no plane leads')
      return injected(taken(name, world.plan), await take(world.unit(name)))
    },
  }
}
