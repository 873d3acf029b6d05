import { agentsOf, CannotInject, type FaultKind, injected } from './fault.ts'

const hourMs = 3_600_000

/** The wall clock of one process jumps by an hour, forwards or backwards, and later back; its monotonic clock goes on. */
export const clock: FaultKind = {
  name: 'clock',
  targets: (plan) => [...plan.planes, plan.database, ...agentsOf(plan)].flatMap((unit) => [`${unit}+`, `${unit}-`]),
  seconds: [4, 30],
  weight: 2,
  harms: (target) => ({ hits: [target.slice(0, -1)] }),
  inject: async (world, target) => {
    const name = target.slice(0, -1)
    const unit = world.unit(name)
    if (!unit.canBeShimmed) throw new CannotInject('there is no C compiler')
    await unit.setClock(target.endsWith('+') ? hourMs : -hourMs)
    return injected({ hits: [name] }, () => unit.setClock(0))
  },
}
