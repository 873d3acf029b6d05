import type { InstanceBelief } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import { type NodeStatus, nodeStatus } from '../../fleet/node-status.ts'
import type { FailureReport } from './failure-reports.ts'
import { isoTime } from './row.ts'

const mostIds = 1_000

/** A node as the registry API lists it; the names are those of the table `cluster_nodes`, and some more. */
export type NodeRow = {
  readonly node_id: string
  readonly node_name: string
  readonly node_type: 'management' | 'worker' | 'gateway'
  readonly host_address: string
  readonly port: number | null
  readonly status: NodeStatus
  readonly capabilities: unknown
  readonly resources: unknown
  readonly cluster_id: string
  readonly site: string
  /** connected, suspect, lost; none: it has no agent */
  readonly contact: string
  readonly managed_by: 'agent' | 'client'
  /** ISO 8601 UTC; null: not heard of since the plane started. */
  readonly last_seen: string | null
  readonly created_at: string
  /** How many instances are on it. */
  readonly services_total: number
  /** Their ids, the first thousand. */
  readonly services: readonly string[]
  readonly failure_reports: readonly FailureReport[]
}

export function typeOf(id: string, fleet: FleetView): NodeRow['node_type'] | undefined {
  const spec = fleet.nodes.get(id)?.spec
  return spec && (spec.gateways.length > 0 ? 'gateway' : (spec.registered?.type ?? 'worker'))
}

export function statusOf(id: string, fleet: FleetView): NodeStatus | undefined {
  const node = fleet.nodes.get(id)
  if (!node) return undefined
  return nodeStatus(node, instancesOn(id, fleet))
}

function* instancesOn(node: string, fleet: FleetView): Generator<InstanceBelief, void, undefined> {
  for (const id of fleet.instancesOfNode(node)) {
    const instance = fleet.instances.get(id)
    if (instance) yield instance
  }
}

/** @param heardAt epoch milliseconds */
export function nodeRowOf(
  id: string,
  fleet: FleetView,
  heardAt: number | undefined,
  failures: readonly FailureReport[],
): NodeRow | undefined {
  const node = fleet.nodes.get(id)
  const type = typeOf(id, fleet)
  const status = statusOf(id, fleet)
  if (!node || !type || !status) return undefined
  const { spec, contact, joinedAt } = node
  const on = fleet.instancesOfNode(id)
  return {
    node_id: id,
    node_name: spec.name,
    node_type: type,
    host_address: spec.address,
    port: spec.registered?.port ?? null,
    status,
    capabilities: spec.registered?.capabilities ?? { version: spec.version, gateways: spec.gateways },
    resources: spec.registered?.resources ?? {},
    cluster_id: spec.cluster,
    site: spec.site,
    contact,
    managed_by: spec.machine === '' ? 'client' : 'agent',
    last_seen: heardAt === undefined ? null : isoTime(heardAt),
    created_at: isoTime(joinedAt),
    services_total: on.size,
    services: on.values().take(mostIds).toArray().sort(),
    failure_reports: failures,
  }
}
