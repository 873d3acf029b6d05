import { unitsOf, type WorldPlan } from '../world/plan.ts'
import { CannotInject, type FaultKind, type Harm, injected, serversIn } from './fault.ts'

/** The plane that leads at that moment, whichever it is. */
export const leader = 'leader'

/** What a fault does that takes a unit away: a server that is one must leave. */
export function taken(unit: string, plan: WorldPlan): Harm {
  return { hits: unit === leader ? plan.planes : [unit], downs: serversIn(plan, [unit]) }
}

export const kill: FaultKind = {
  name: 'kill',
  targets: (plan) => [leader, ...unitsOf(plan)],
  seconds: [3, 30],
  weight: 3,
  harms: taken,
  inject: async (world, target) => {
    const name = target === leader ? await world.leader() : target
    if (name === undefined) throw new CannotInject('no plane leads')
    const unit = world.unit(name)
    await unit.kill()
    return injected(taken(name, world.plan), () => unit.start())
  },
}
