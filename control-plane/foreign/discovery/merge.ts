import type { Origin } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'

/** One entry of the merged list: an instance of the fleet, or a foreign record of which the fleet knows nothing better. */
export type Lead = { readonly kind: 'instance' | 'foreign'; readonly id: string }

/** Whose word wins: the lower. */
const wordOf: Readonly<Record<Origin, number>> = { agent: 0, kubernetes: 1, client: 2 }

/**
 * The entry that speaks for an instance of the fleet: itself, unless somebody knows better of the same process.
 */
export function leadOfInstance(id: string, fleet: FleetView): string {
  const instance = fleet.instances.get(id)
  if (!instance || instance.origin === 'agent') return id
  const { service, address, port } = instance.spec
  const there = fleet.instancesAt(address, port)
  // Nearly always it is alone there.
  if (there.size === 1) return id
  const rank = (other: string) => wordOf[fleet.instances.get(other)?.origin ?? 'client']
  const better = [...there].filter(
    (other) => fleet.instances.get(other)?.spec.service === service && rank(other) < wordOf[instance.origin],
  )
  return better.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))[0] ?? id
}

/**
 * The entry that speaks for a foreign record: what the fleet knows at its address and port (an agent's word before a client's, the same
 * service before another), else the first of the foreign records there.
 */
export function leadOfForeign(id: string, fleet: FleetView): Lead | undefined {
  const record = fleet.foreign.get(id)
  if (!record) return undefined
  const { service, address, port } = record.spec
  const rank = (instance: string) => {
    const known = fleet.instances.get(instance)
    return 2 * wordOf[known?.origin ?? 'client'] + (known?.spec.service === service ? 0 : 1)
  }
  const [instance] = [...fleet.instancesAt(address, port)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  if (instance !== undefined) return { kind: 'instance', id: leadOfInstance(instance, fleet) }
  const [first = id] = [...fleet.foreignAt(address, port)].sort()
  return { kind: 'foreign', id: first }
}

/** The entries of all services, or of one by any of its names, each once and in the order of their ids. */
export function leads(fleet: FleetView, service: string | undefined): readonly Lead[] {
  const instances = service === undefined ? fleet.instances.keys() : fleet.instancesOfService(service)
  const foreign = service === undefined ? fleet.foreign.keys() : fleet.foreignOfService(service)
  const found = new Map<string, Lead>()
  for (const id of instances) {
    const lead = leadOfInstance(id, fleet)
    found.set(lead, { kind: 'instance', id: lead })
  }
  for (const id of foreign) {
    const lead = leadOfForeign(id, fleet)
    if (lead) found.set(lead.id, lead)
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** The foreign records that an entry speaks for, in the order of their ids. */
export function foreignOf({ id, kind }: Lead, fleet: FleetView): readonly string[] {
  if (fleet.foreign.size === 0) return []
  const spec = kind === 'instance' ? fleet.instances.get(id)?.spec : fleet.foreign.get(id)?.spec
  if (!spec) return []
  return [...fleet.foreignAt(spec.address, spec.port)].filter((each) => leadOfForeign(each, fleet)?.id === id).sort()
}
