import { unitsOf } from '../world/plan.ts'
import { CannotInject, type FaultKind, injected } from './fault.ts'
import { leader, taken } from './kill.ts'

/** The process is stopped where it is and goes on later, as one does whose machine was swapped out, or moved to another host. */
export const pause: FaultKind = {
  name: 'pause',
  targets: (plan) => [leader, ...unitsOf(plan)],
  seconds: [5, 30],
  weight: 3,
  harms: taken,
  inject: async (world, target) => {
    const name = target === leader ? await world.leader() : target
    if (name === undefined) throw new CannotInject('no plane leads')
    const unit = world.unit(name)
    await unit.signal('SIGSTOP')
    return injected(taken(name, world.plan), async () => {
      await unit.signal('SIGCONT')
      await unit.start()
    })
  },
}
