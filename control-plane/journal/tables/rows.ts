import { isIPv6 } from 'node:net'
import type { Insertable } from 'kysely'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { admissionOf } from '../../fleet/admission.ts'
import type { InstanceBelief, NodeBelief } from '../../fleet/belief.ts'
import { nodeStatus } from '../../fleet/node-status.ts'
import { standing } from '../../fleet/routable.ts'
import type { ClusterNodes, ServiceRegistry } from '../schema.ts'

/** A row as the journal writes it; when something was last heard of is saved apart, in bulk. */
export type ServiceRow = Omit<Insertable<ServiceRegistry>, 'id' | 'last_heartbeat'>
export type ClusterNodeRow = Omit<Insertable<ClusterNodes>, 'id' | 'last_seen'>

export function isoTime(at: number): string {
  return new Date(at).toISOString()
}

/**
 * What the registry's table says of an instance.
 * @param node undefined where it is not known
 * @param now epoch milliseconds
 */
export function serviceRow(instance: InstanceBelief, node: NodeBelief | undefined, now: number): ServiceRow {
  const { spec } = instance
  const { status, health, reason } = standing(instance, node)
  return {
    service_id: spec.id,
    service_name: spec.service,
    service_type: spec.type ?? '',
    service_url: serviceUrl(instance),
    node_id: instance.node,
    cluster_id: spec.cluster ?? node?.spec.cluster ?? '',
    capabilities: JSON.stringify(spec.registered?.capabilities ?? spec.tags),
    config: JSON.stringify(spec.registered?.config ?? spec.metadata),
    status,
    health_status: health,
    registered_at: isoTime(instance.registeredAt),
    updated_at: isoTime(now),
    address: spec.address,
    port: spec.port,
    admission: admissionOf(instance, node).state,
    reason: reasonText(reason),
    revision: instance.revision,
  }
}

function serviceUrl({ spec }: InstanceBelief): string {
  if (spec.registered?.url !== undefined) return spec.registered.url
  const scheme = schemeOf(spec.checks[0])
  const host = isIPv6(spec.address) ? `[${spec.address}]` : spec.address
  return `${scheme}://${host}:${spec.port}`
}

function schemeOf(check: ProbeSpec | undefined): string {
  if (check === undefined) return 'http'
  switch (check.kind) {
    case 'http':
    case 'elasticsearch':
    case 'neo4j':
      return check.tls ? 'https' : 'http'
    default:
      return check.kind
  }
}

/**
 * What the table of nodes says.
 * @param instances those on the node
 * @param now epoch milliseconds
 */
export function nodeRow(node: NodeBelief, instances: Iterable<InstanceBelief>, now: number): ClusterNodeRow {
  const { spec, contact } = node
  const { registered } = spec
  return {
    node_id: spec.id,
    node_name: spec.name,
    node_type: spec.gateways.length > 0 ? 'gateway' : (registered?.type ?? 'worker'),
    host_address: spec.address,
    port: registered?.port ?? null,
    status: nodeStatus(node, instances),
    capabilities: JSON.stringify(registered?.capabilities ?? { version: spec.version, gateways: spec.gateways }),
    resources: JSON.stringify(registered?.resources ?? {}),
    created_at: isoTime(node.joinedAt),
    updated_at: isoTime(now),
    site: spec.site,
    cluster_id: spec.cluster,
    machine: spec.machine,
    contact,
    revision: node.revision,
  }
}
