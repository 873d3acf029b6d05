import type { DiscoveredView } from '#shared/protocol/discovery-list.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import { foreignOf, type Lead } from './merge.ts'

/** What is asked for; left out: all. */
export type Narrowing = {
  readonly service?: string | undefined
  readonly cluster?: string | undefined
  readonly tag?: string | undefined
  readonly health?: string | undefined
}

/** An entry as clients see it; undefined: it is not there any more. */
export function discoveredView(lead: Lead, fleet: FleetView): DiscoveredView | undefined {
  const foreign = foreignOf(lead, fleet).flatMap((id) => fleet.foreign.get(id) ?? [])
  const datacenters = [...new Set(foreign.map(({ spec }) => spec.datacenter))].sort()
  const instance = lead.kind === 'instance' ? fleet.instances.get(lead.id) : undefined
  const record = lead.kind === 'foreign' ? fleet.foreign.get(lead.id) : undefined
  const service = instance?.spec.service ?? record?.spec.service
  const aliases = [...new Set(foreign.map(({ spec }) => spec.service))].filter((name) => name !== service).sort()
  if (instance) return { ...instanceView(instance, fleet), datacenters, aliases }
  if (!record) return undefined
  const { spec, health } = record
  return {
    id: lead.id,
    service: spec.service,
    type: spec.metadata.type ?? spec.metadata.service_type ?? '',
    address: spec.address,
    port: spec.port,
    // As Consul counts: 1 is normal there.
    weight: Math.min(spec.weight * 100, 1_000),
    cluster: spec.metadata.cluster ?? spec.metadata.cluster_id ?? '',
    tags: [...spec.tags],
    version: spec.metadata.version ?? '',
    health: health === 'passing' ? 'healthy' : health,
    status: 'discovered',
    routable: 'no',
    origin: 'foreign',
    node: spec.node,
    datacenters,
    aliases,
  }
}

function instanceView(
  { spec, node, origin }: InstanceBelief,
  fleet: FleetView,
): Omit<DiscoveredView, 'datacenters' | 'aliases'> {
  const standing = fleet.standing(spec.id)
  return {
    id: spec.id,
    service: spec.service,
    type: spec.type ?? '',
    address: spec.address,
    port: spec.port,
    weight: spec.weight ?? 100,
    cluster: spec.cluster ?? fleet.nodes.get(node)?.spec.cluster ?? '',
    tags: [...spec.tags],
    version: spec.version ?? '',
    health: standing?.health ?? 'unknown',
    status: standing?.status ?? 'registered',
    routable: standing?.routable ?? 'no',
    origin,
    node,
  }
}

export function fits(view: DiscoveredView, { service, cluster, tag, health }: Narrowing): boolean {
  return (
    (service === undefined || view.service === service || view.aliases.includes(service)) &&
    (cluster === undefined || view.cluster === cluster) &&
    (tag === undefined || view.tags.includes(tag)) &&
    (health === undefined || view.health === (health === 'passing' ? 'healthy' : health))
  )
}

export function isBasicServer({ type, service }: Pick<DiscoveredView, 'type' | 'service'>): boolean {
  return type === 'basic-server' || service.startsWith('basic-server')
}
