import { admissionOf } from '../fleet/admission.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { FederationConfig } from './config.ts'
import type { Measures } from './measures.ts'
import { ClusterTally } from './score.ts'

/** Instances after which others get their turn. */
const part = 500

/**
 * What the fleet and the measures say of all instances, by cluster; clusters that are not configured are passed over. It yields now and
 * then; what changes between is seen or not.
 */
export function* factsInParts(
  fleet: FleetView,
  measures: Measures,
  { clusters, ai }: Pick<FederationConfig, 'clusters' | 'ai'>,
  now: number,
): Generator<void, ReadonlyMap<string, ClusterTally>> {
  const found = new Map(clusters.map((name) => [name, new ClusterTally()]))
  const loads = new Map<string, number | undefined>()
  const isAi = remembered((service, type) => {
    return ai.types.some((each) => fits(each, type)) || ai.services.some((each) => fits(each, service))
  })
  let left = part
  for (const instance of fleet.instances.values()) {
    const node = fleet.nodes.get(instance.node)
    const load = loads.has(instance.node) ? loads.get(instance.node) : measures.ofNode(instance.node, now)
    loads.set(instance.node, load)
    const { spec } = instance
    const tally = found.get(spec.cluster ?? node?.spec.cluster ?? '')
    tally?.add({
      service: spec.service,
      isAi: isAi(spec.service, spec.type ?? ''),
      takenOut: admissionOf(instance, node).state !== 'active',
      routable: fleet.standing(spec.id)?.routable ?? 'no',
      warning: instance.health === 'warning',
      inContact: instance.origin !== 'agent' || node?.contact === 'connected',
      weight: spec.weight ?? 100,
      measuredLoad: instance.origin === 'agent' ? load : undefined,
      ownLoad: measures.ownLoad(spec.id, now),
      errors: measures.errors(spec.id, now),
    })
    left -= 1
    if (left > 0) continue
    left = part
    yield
  }
  return found
}

/** There are many instances, and few services and types. */
function remembered(decide: (service: string, type: string) => boolean): typeof decide {
  const known = new Map<string, boolean>()
  return (service, type) => known.getOrInsertComputed(`${type}\n${service}`, () => decide(service, type))
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}
