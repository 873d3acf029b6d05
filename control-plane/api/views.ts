import type { InstanceView, NodeView, ServiceView } from '#shared/protocol/api.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { UnderWaySplitView } from '#shared/protocol/split-api.ts'
import type { ConvergedView, ReplicaView, SinkView, StatusView } from '#shared/protocol/status-api.ts'
import type { Converged, Spread } from '../convergence/convergence.ts'
import { admissionOf } from '../fleet/admission.ts'
import type { Admitted, InstanceBelief, NodeBelief } from '../fleet/belief.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { heldOf } from '../fleet/held.ts'
import { tenantOfInstance, tenantOfNode } from '../fleet/owner.ts'
import { nodeIsDead } from '../fleet/routable.ts'
import type { SinkStatus } from '../fleet/sink.ts'
import { SiteTally } from '../fleet/site-tally.ts'
import { FleetTally } from '../fleet/tally.ts'
import type { ToldSoFar } from '../fleet/told.ts'
import type { ForeignStatus } from '../foreign/follow.ts'
import type { KubernetesStatus } from '../ingest/kubernetes/source.ts'
import { alertsOf, holdView } from './contact-views.ts'
import { isoTime } from './iso-time.ts'

export { isoTime }

export function sinkView({ proven, ...rest }: SinkStatus): SinkView {
  return {
    ...rest,
    remarks: [...rest.remarks],
    proven: proven ? { revision: proven.revision, at: isoTime(proven.at) } : null,
  }
}

export function instanceView(instance: InstanceBelief, fleet: FleetView): InstanceView {
  const { spec } = instance
  const node = fleet.nodes.get(instance.node)
  const admission = admissionOf(instance, node)
  const standing = fleet.standing(spec.id)
  return {
    id: spec.id,
    service: spec.service,
    name: spec.name ?? '',
    node: instance.node,
    node_name: node?.spec.name ?? '',
    cluster: spec.cluster ?? node?.spec.cluster ?? '',
    address: spec.address,
    port: spec.port,
    origin: instance.origin,
    contact: instance.origin !== 'agent' ? 'none' : (node?.contact ?? 'none'),
    health: instance.health,
    health_since: isoTime(instance.healthSince),
    admission: {
      ...admittedView(admission),
      ...(admission.of === 'node' ? { node: instance.node } : {}),
    },
    routable: standing?.routable ?? 'no',
    reason: standing?.reason ?? reason('no_verdict'),
    status: standing?.status ?? 'registered',
    revision: instance.revision,
    registered_at: isoTime(instance.registeredAt),
    ...ownedBy(tenantOfInstance(instance, node)),
  }
}

function ownedBy(tenant: string | undefined): { readonly tenant?: string } {
  return tenant === undefined ? {} : { tenant }
}

function admittedView({ state, reason, by, since, expiresAt }: Admitted) {
  const expires_at = expiresAt === undefined ? null : isoTime(expiresAt)
  return { state, reason, by, since: isoTime(since), expires_at }
}

export function nodeView(node: NodeBelief, fleet: FleetView): NodeView {
  const { spec } = node
  const instances = [...fleet.instancesOfNode(spec.id)].sort()
  return {
    id: spec.id,
    name: spec.name,
    site: spec.site,
    cluster: spec.cluster,
    address: spec.address,
    version: spec.version,
    contact: node.contact,
    contact_since: isoTime(node.contactSince),
    ...(node.goodbye ? { contact_reason: 'goodbye' } : {}),
    dead: nodeIsDead(node, beliefs(instances, fleet)),
    instances,
    gateways: spec.gateways.map(({ gateway }) => gateway),
    ...(spec.authorizers ? { authorizers: [...spec.authorizers] } : {}),
    ...(node.admission ? { admission: admittedView(node.admission) } : {}),
    ...(node.told ? { told_later: toldView(node.told) } : {}),
    ...ownedBy(tenantOfNode(node)),
  }
}

function toldView({ changes, lostChanges, lostSamples }: ToldSoFar): NodeView['told_later'] {
  return { changes, lost_changes: lostChanges, lost_measurements: lostSamples }
}

export function serviceView(name: string, fleet: FleetView): ServiceView {
  const counts = { instances: 0, routable: 0, passing: 0, warning: 0, critical: 0, unknown: 0 }
  const clusters = new Set<string>()
  for (const instance of beliefs(fleet.instancesOfService(name), fleet)) {
    counts.instances += 1
    counts[instance.health] += 1
    if (fleet.standing(instance.spec.id)?.routable !== 'no') counts.routable += 1
    const cluster = instance.spec.cluster ?? fleet.nodes.get(instance.node)?.spec.cluster
    if (cluster) clusters.add(cluster)
  }
  return { name, clusters: [...clusters].sort(), ...counts }
}

/** What the plane knows of itself, besides the fleet. */
export type PlaneFacts = {
  readonly owner: string
  readonly installation: string
  readonly version: string
  readonly startedAt: number
  readonly problems: readonly string[]
  /** What others have registered, by datacenter; left out where nothing reads it. */
  readonly foreign?: readonly ForeignStatus[]
  /** The Kubernetes clusters that this plane watches; left out where nothing watches any. */
  readonly kubernetes?: readonly KubernetesStatus[]
  /** How long sinks take to prove changes, by their names; left out where nothing measures it. */
  readonly convergence?: (sink: string) => SinkConvergence
  /** The version of the routing that is on its way; undefined: none is. */
  readonly underway?: StatusView['underway']
  /** The planes that share the store, and who leads; left out where nobody keeps them. */
  readonly replicas?: readonly ReplicaView[]
  readonly leader?: { readonly run: string; readonly holder: string; readonly epoch: number } | undefined
  /** The splits that are under way, or were taken back a short while ago. */
  readonly splits?: readonly UnderWaySplitView[]
}

export type SinkConvergence = {
  readonly fleet: Converged | undefined
  readonly declaration: Converged | undefined
}

/** @param tally of this fleet, and sites, where somebody keeps them; left out: all is counted */
export function statusView(
  fleet: FleetView,
  sinks: readonly SinkStatus[],
  plane: PlaneFacts,
  tally: Pick<FleetTally, 'contacts' | 'healths' | 'routables'> = new FleetTally(fleet),
  sites: Pick<SiteTally, 'sites'> = new SiteTally(fleet),
): StatusView {
  const { frozen } = fleet.installation
  const held = heldOf(fleet)
  return {
    owner: plane.owner,
    installation: plane.installation,
    version: plane.version,
    started_at: isoTime(plane.startedAt),
    complete: fleet.complete,
    revision: fleet.revision,
    frozen: frozen ? { by: frozen.by, reason: frozen.reason, since: isoTime(frozen.since) } : null,
    holds: held.map(holdView),
    nodes: { total: fleet.nodes.size, ...tally.contacts },
    instances: { total: fleet.instances.size, ...tally.healths, ...routablesOf(tally) },
    sinks: sinks.map((sink) => ({ ...sinkView(sink), ...convergenceView(plane.convergence?.(sink.name)) })),
    foreign: (plane.foreign ?? []).map(({ datacenter, answered, error, instances, beyond, copiedTo }) => ({
      datacenter,
      answered,
      error: error ?? null,
      instances,
      beyond,
      copied_to: [...copiedTo],
    })),
    ...(plane.kubernetes?.length ? { kubernetes: plane.kubernetes.map(kubernetesView) } : {}),
    ...(plane.replicas ? { replicas: [...plane.replicas], leader: plane.leader ?? null } : {}),
    ...(plane.underway ? { underway: plane.underway } : {}),
    ...(plane.splits?.length ? { splits: [...plane.splits] } : {}),
    problems: [...plane.problems],
    alerts: [...alertsOf(fleet, held, sites)],
  }
}

function kubernetesView({ cluster, answered, error, instances, held, leftOut, traffic }: KubernetesStatus) {
  const { lists, watches, bytes } = traffic
  return {
    ...{ cluster, answered, error: error ?? null, instances, held },
    ...{ left_out: { ...leftOut }, asked: { lists, watches, bytes } },
  }
}

function convergenceView(known: SinkConvergence | undefined): Pick<SinkView, 'convergence'> {
  if (!known?.fleet && !known?.declaration) return {}
  return { convergence: { fleet: convergedView(known.fleet), declaration: convergedView(known.declaration) } }
}

function convergedView(known: Converged | undefined): ConvergedView | null {
  if (!known) return null
  const { hour, all, waiting, forgotten } = known
  return { hour: spreadView(hour), since_start: spreadView(all), waiting, forgotten }
}

function spreadView(spread: Spread | undefined): ConvergedView['hour'] {
  return spread ? { changes: spread.changes, p50_ms: spread.p50, p95_ms: spread.p95, p99_ms: spread.p99 } : null
}

function routablesOf({ routables }: Pick<FleetTally, 'routables'>) {
  return { routable: routables.yes, last: routables.last, not_routable: routables.no }
}

function* beliefs(ids: Iterable<string>, fleet: FleetView): Iterable<InstanceBelief> {
  for (const id of ids) {
    const instance = fleet.instances.get(id)
    if (instance) yield instance
  }
}
