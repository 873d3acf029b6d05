import { agentsOf, CannotInject, type FaultKind, injected } from './fault.ts'

/** Each flush to the disk takes up to a second longer. */
export const slowDisk: FaultKind = {
  name: 'slow-disk',
  // Consul is a Go program, which asks the kernel itself.
  targets: (plan) => [...plan.planes, plan.database, ...agentsOf(plan)],
  seconds: [5, 30],
  harms: (target) => ({ hits: [target] }),
  inject: async (world, target, random) => {
    const unit = world.unit(target)
    if (!unit.canBeShimmed) throw new CannotInject('there is no C compiler')
    await unit.slowDisk(Math.round(100 + random() * 900))
    return injected({ hits: [target] }, () => unit.slowDisk(0))
  },
}
