import type { Metric } from '#shared/protocol/messages.ts'
import type { FleetView } from '../fleet/fleet.ts'

export type ClientSample = Metric & { readonly node: string; readonly at: number }

/** What a client measured about itself, by name: the unit is percent if the name contains `usage`, else count. */
export function samplesOf(
  instance: string,
  metrics: Readonly<Record<string, number>>,
  at: number,
  fleet: Pick<FleetView, 'instances'>,
): readonly ClientSample[] {
  const node = fleet.instances.get(instance)?.node ?? ''
  return Object.entries(metrics).map(([name, value]) => {
    const unit = name.includes('usage') ? 'percent' : 'count'
    return { instance, name, value, unit, node, at }
  })
}
