import { hostOf, type WorldPlan } from '../world/plan.ts'
import { agentsOf, type FaultKind, injected } from './fault.ts'

/** Two that talk to each other, one way or the other: what the first sends to the second is lost. */
function pairs({ planes, consuls, database, ...plan }: WorldPlan): readonly (readonly [string, string])[] {
  const others = [database, ...consuls.map(({ unit }) => unit), ...agentsOf({ planes, consuls, database, ...plan })]
  return planes.flatMap((plane) =>
    [...others, plan.envoy].flatMap((other) => [[plane, other] as const, [other, plane] as const]),
  )
}

/** What one unit sends to another is lost, and nothing else: a firewall, a route that is missing one way. Servers stay usable by all. */
export const part: FaultKind = {
  name: 'part',
  targets: (plan) => pairs(plan).map(([from, to]) => `${from}>${to}`),
  seconds: [5, 30],
  weight: 3,
  harms: (target) => ({ hits: target.split('>') }),
  inject: async (world, target) => {
    const [from = '', to = ''] = target.split('>')
    const restore = await world.network.part(hostOf(world.plan, from), hostOf(world.plan, to))
    return injected({ hits: [from, to] }, restore)
  },
}
