import { createHash } from 'node:crypto'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import { type Reason, reason } from '#shared/protocol/reason.ts'
import type { Health, NodeSpec } from '../../fleet/belief.ts'
import type { ClusterConfig } from '../../kubernetes/config.ts'
import type { Pod } from '../../kubernetes/objects.ts'
import type { Endpoint } from './endpoint.ts'

/** What is kept of a Pod. */
export type PodFacts = {
  readonly uid: string
  readonly hostIp: string
  readonly version: string
  /** Why it is not ready, in Kubernetes's own word; empty: it is, or nothing is said. */
  readonly unready: string
  readonly terminating: boolean
}

/** What a cluster says of an instance of ours. */
export type Wanted = {
  readonly node: NodeSpec
  readonly spec: InstanceSpec
  readonly health: Exclude<Health, 'unknown' | 'warning'>
  readonly reason: Reason
  /** It is being shut down: it is to get nothing new. */
  readonly draining: boolean
}

const versionLabel = 'app.kubernetes.io/version'

export function podFacts({ metadata, status }: Pod): PodFacts {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const waiting = status?.containerStatuses?.find(({ state }) => state?.waiting?.reason)?.state?.waiting?.reason
  const unready = ready && ready.status !== 'True' ? (waiting ?? ready.reason ?? 'NotReady') : ''
  return {
    uid: metadata.uid,
    hostIp: status?.hostIP ?? '',
    version: (metadata.labels?.[versionLabel] ?? '').slice(0, 100),
    unready: unready.slice(0, 100),
    terminating: (metadata.deletionTimestamp ?? '') !== '',
  }
}

/**
 * The instance that an endpoint is. Nothing that changes without a change of state is in it: counts, times and the names of containers
 * would write a catalogue again and again.
 * @param pod undefined: nothing is known of it
 */
export function wantedOf(
  endpoint: Endpoint,
  pod: PodFacts | undefined,
  cluster: Pick<ClusterConfig, 'name' | 'site' | 'zones'>,
): Wanted {
  const { rule, service, address, port, namespace, of, state } = endpoint
  // A Pod of the same name that came since is another one.
  const facts = pod && (endpoint.pod?.uid === '' || pod.uid === endpoint.pod?.uid) ? pod : undefined
  const terminating = endpoint.terminating || facts?.terminating === true
  const isWell = state !== 'unready'
  return {
    node: nodeOf(endpoint, facts?.hostIp ?? '', cluster),
    spec: {
      id: endpoint.id,
      service,
      ...(rule.type === undefined ? {} : { type: rule.type }),
      ...(endpoint.pod ? { name: endpoint.pod.name.slice(0, 200) } : {}),
      address,
      port,
      ...(rule.cluster === undefined ? {} : { cluster: rule.cluster }),
      ...(facts?.version ? { version: facts.version } : {}),
      tags: [...rule.tags],
      metadata: {
        ...rule.metadata,
        'kubernetes-cluster': cluster.name,
        'kubernetes-namespace': namespace,
        'kubernetes-service': of,
        ...(endpoint.pod ? { 'kubernetes-pod': endpoint.pod.name } : {}),
      },
      ...(rule.weight === undefined ? {} : { weight: rule.weight }),
      checks: [],
    },
    health: isWell ? 'passing' : 'critical',
    reason: isWell ? reason('pod_ready') : reason('pod_not_ready', { cause: causeOf(terminating, facts) }),
    draining: terminating,
  }
}

function causeOf(terminating: boolean, facts: PodFacts | undefined): string {
  return terminating ? 'Terminating' : facts?.unready || 'NotReady'
}

/** A Node of the cluster as a node of ours without an agent. What runs on none is together at its site. */
function nodeOf(
  { nodeName, zone }: Endpoint,
  address: string,
  { name: cluster, site: usual = cluster, zones }: Pick<ClusterConfig, 'name' | 'site' | 'zones'>,
): NodeSpec {
  const site = (Object.hasOwn(zones, zone) ? zones[zone] : undefined) ?? usual
  const name = nodeName === '' ? `${cluster} at ${site}` : nodeName
  return {
    id: `${cluster}-${idPart(nodeName === '' ? `at/${site}` : nodeName)}`,
    name,
    machine: '',
    incarnation: 0,
    address,
    site,
    cluster: '',
    version: '',
    gateways: [],
  }
}

/** Names of Nodes are names of hosts: as they are, where that is short and plain enough. */
function idPart(name: string): string {
  if (/^[a-z0-9-]{1,40}$/.test(name)) return name
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 27)
  return `${plain}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`
}
