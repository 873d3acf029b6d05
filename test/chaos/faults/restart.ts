import { agentsOf, type FaultKind, injected } from './fault.ts'

/** An orderly end, and a start: what an upgrade does. */
export const restart: FaultKind = {
  name: 'restart',
  targets: (plan) => [...plan.planes, ...agentsOf(plan)],
  seconds: [1, 5],
  weight: 2,
  harms: (target) => ({ hits: [target] }),
  inject: async (world, target) => {
    const unit = world.unit(target)
    await unit.stop()
    return injected({ hits: [target] }, () => unit.start())
  },
}
