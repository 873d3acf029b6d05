import type { FleetView } from '../../fleet/fleet.ts'
import type { ServiceSample } from './service-words.ts'

/** What an agent or a client measured of an instance; `at` in epoch milliseconds. */
export type Measured = {
  readonly instance?: string | undefined
  readonly name: string
  readonly value: number
  readonly at: number
}

/** Names may be anything, those of what every object has too. */
const kinds: ReadonlyMap<string, ServiceSample['kind']> = new Map([
  ['service_requests', 'requests'],
  ['service_errors', 'errors'],
  ['service_latency_p95', 'latency'],
])

/** Those of the measurements that say how a service answers. */
export function serviceSamples(
  measured: readonly Measured[],
  fleet: Pick<FleetView, 'instances'>,
): readonly ServiceSample[] {
  return measured.flatMap(({ instance, name, value, at }) => {
    const kind = kinds.get(name)
    const service = instance === undefined ? undefined : fleet.instances.get(instance)?.spec.service
    if (kind === undefined || instance === undefined || service === undefined || !Number.isFinite(value)) return []
    return [{ service, instance, kind, value, at }]
  })
}
