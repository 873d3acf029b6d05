import type { Metric } from '#shared/protocol/messages.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Measurement } from './cluster-api/measurements.ts'

export type ClientSample = Metric & { readonly node: string; readonly at: number; readonly tags?: string }

/** What a client measured about itself, as it is kept. */
export function samplesOf(
  instance: string,
  measurements: readonly Measurement[],
  fleet: Pick<FleetView, 'instances'>,
): readonly ClientSample[] {
  const node = fleet.instances.get(instance)?.node ?? ''
  return measurements.map(({ tags, ...measured }) => ({
    instance,
    node,
    ...measured,
    ...(tags === undefined ? {} : { tags }),
  }))
}
