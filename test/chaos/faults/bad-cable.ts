import { unitsOn } from '../world/plan.ts'
import { CannotInject, type FaultKind, injected } from './fault.ts'

/** A host whose packets take up to 2 s there and back, and of which up to 30 of 100 are lost: half dead. It never removes a server that lives. */
export const badCable: FaultKind = {
  name: 'bad-cable',
  targets: (plan) => plan.hosts,
  seconds: [8, 30],
  weight: 2,
  harms: (host, plan) => ({ hits: unitsOn(plan, host) }),
  inject: async (world, host, random) => {
    if (world.tools.cable === undefined) throw new CannotInject('there is no C compiler')
    const delayMs = Math.round(25 + random() * 975)
    const [lossIn, lossOut] = [Math.round(random() * 30), Math.round(random() * 30)]
    const cable = await world.network.cable(host, { delayMs, lossIn, lossOut }, Math.round(random() * 1_000_000))
    return injected({ hits: unitsOn(world.plan, host) }, async () => cable[Symbol.asyncDispose]())
  },
}
