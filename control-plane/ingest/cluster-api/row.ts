import { admissionOf } from '../../fleet/admission.ts'
import type { InstanceBelief, NodeBelief } from '../../fleet/belief.ts'
import type { Standing } from '../../fleet/routable.ts'

/** An instance as the registry API lists it; the names are those of the table `service_registry`, and some more. */
export type ServiceRow = {
  readonly service_id: string
  readonly instance_id: string
  readonly service_name: string
  readonly service_type: string | null
  readonly service_url: string
  readonly address: string
  readonly port: number
  readonly node_id: string
  readonly cluster_id: string
  readonly status: Standing['status']
  readonly health_status: Standing['health']
  /** Why, as a code. */
  readonly reason: string
  readonly version: string | null
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  /** As they were registered; null: not at all. */
  readonly capabilities: unknown
  readonly config: Readonly<Record<string, unknown>> | null
  /** agent: judged by an agent's checks · client: by its own heartbeats · kubernetes: by its endpoints there */
  readonly origin: InstanceBelief['origin']
  /** ISO 8601 UTC; null: not heard of since the plane started. */
  readonly last_heartbeat: string | null
  readonly registered_at: string
  readonly updated_at: string
}

/** @param heardAt epoch milliseconds */
export function rowOf(
  instance: InstanceBelief,
  standing: Standing,
  node: NodeBelief | undefined,
  heardAt: number | undefined,
): ServiceRow {
  const { spec, healthSince, registeredAt } = instance
  const { since } = admissionOf(instance, node)
  return {
    service_id: spec.id,
    instance_id: spec.id,
    service_name: spec.service,
    service_type: spec.type ?? null,
    service_url:
      spec.registered?.url ?? `http://${spec.address.includes(':') ? `[${spec.address}]` : spec.address}:${spec.port}`,
    address: spec.address,
    port: spec.port,
    node_id: instance.node,
    cluster_id: clusterOf(instance, node),
    status: standing.status,
    health_status: standing.health,
    reason: standing.reason.code,
    version: spec.version ?? null,
    tags: spec.tags,
    metadata: spec.metadata,
    capabilities: spec.registered?.capabilities ?? null,
    config: spec.registered?.config ?? null,
    origin: instance.origin,
    last_heartbeat: heardAt === undefined ? null : isoTime(heardAt),
    registered_at: isoTime(registeredAt),
    updated_at: isoTime(Math.max(healthSince, registeredAt, since)),
  }
}

export function clusterOf({ spec }: InstanceBelief, node: NodeBelief | undefined): string {
  return spec.cluster ?? node?.spec.cluster ?? ''
}

export function isoTime(at: number): string {
  return new Date(at).toISOString()
}
