import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { ClusterConfig, ServiceRule } from '../../kubernetes/config.ts'
import type { EndpointSlice } from '../../kubernetes/objects.ts'
import { portOf, ruleFor, serviceOf } from './rule.ts'

/** One endpoint of a slice as an instance of ours; several slices may tell of the same one. */
export type Endpoint = {
  /** Of the instance. */
  readonly id: string
  readonly service: string
  readonly rule: ServiceRule
  readonly family: 'IPv4' | 'IPv6'
  readonly address: string
  readonly port: number
  readonly portName: string
  readonly namespace: string
  /** The Service in Kubernetes. */
  readonly of: string
  /** Where it runs; empty: not said. */
  readonly nodeName: string
  readonly zone: string
  /** The Pod behind it; undefined: there is none, or it is not said. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined
  /** ready: it is to be called. serving: it could be, and goes. */
  readonly state: 'ready' | 'serving' | 'unready'
  readonly terminating: boolean
}

/** Why endpoints of a slice are left out. */
export type LeftOut = 'no-ports' | 'no-such-port' | 'many-ports' | 'address-type' | 'out-of-range'

export type SliceRead = { readonly endpoints: readonly Endpoint[]; readonly leftOut: ReadonlyMap<LeftOut, number> }

type ReadBy = Pick<ClusterConfig, 'name' | 'services'> & { readonly inRange: (address: string) => boolean }

/**
 * The endpoints of a slice that are instances of ours. Only the first address of each counts, as Kubernetes asks of all who read slices.
 */
export function endpointsOf(slice: EndpointSlice, { name: cluster, services, inRange }: ReadBy): SliceRead {
  const leftOut = new Map<LeftOut, number>()
  const leave = (why: LeftOut, count: number) => leftOut.set(why, (leftOut.get(why) ?? 0) + count)
  const rule = ruleFor(slice, services)
  const of = serviceOf(slice)
  const all = slice.endpoints ?? []
  if (!rule || of === undefined || all.length === 0) return { endpoints: [], leftOut }
  const { addressType: family } = slice
  if (family !== 'IPv4' && family !== 'IPv6') {
    leave('address-type', all.length)
    return { endpoints: [], leftOut }
  }
  const chosen = portOf(slice, rule.port)
  if (chosen.kind === 'none') {
    leave(chosen.why, all.length)
    return { endpoints: [], leftOut }
  }
  const { namespace } = slice.metadata
  const service = rule.service ?? of
  const endpoints: Endpoint[] = []
  for (const { addresses, conditions, nodeName, zone, targetRef } of all) {
    const [address] = addresses
    if (address === undefined || isIP(address) === 0 || !inRange(address)) {
      leave('out-of-range', 1)
      continue
    }
    const pod =
      targetRef?.kind === 'Pod' && targetRef.name ? { name: targetRef.name, uid: targetRef.uid ?? '' } : undefined
    // What is not said of these means ready, and as ready.
    const ready = conditions?.ready ?? true
    const serving = conditions?.serving ?? ready
    endpoints.push({
      id: instanceIdOf(cluster, service, namespace, pod?.name ?? address, chosen),
      ...{ service, rule, family, address, namespace, of, pod },
      ...{ port: chosen.port, portName: chosen.name },
      nodeName: nodeName ?? '',
      zone: zone ?? '',
      state: ready ? 'ready' : serving ? 'serving' : 'unready',
      terminating: conditions?.terminating ?? false,
    })
  }
  return { endpoints, leftOut }
}

/**
 * The id of what is called by a Pod's name and a port's: the containers of a Pod may start anew, and the Pods of a StatefulSet come back by
 * their names; those of a Deployment never do. Longer than the hash of an agent's, since one cluster alone may have tens of thousands.
 */
function instanceIdOf(
  cluster: string,
  service: string,
  namespace: string,
  subject: string,
  { name, port }: { readonly name: string; readonly port: number },
): string {
  const plain = service
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50)
  const told = ['kubernetes', cluster, namespace, subject, name || port, service].join('\n')
  return `${plain || 'service'}-${createHash('sha256').update(told).digest('hex').slice(0, 12)}`
}

const rank = { ready: 0, serving: 1, unready: 2 } as const

/**
 * Which of several tellings of one instance counts, whatever order they come in: those of the family that is wanted, then the best. An
 * endpoint on its way from one slice to another is in both for a while, and in the older one it may be as it was before.
 */
export function chosenOf(told: Iterable<Endpoint>, family: Endpoint['family']): Endpoint | undefined {
  let best: Endpoint | undefined
  for (const each of told) if (!best || compare(each, best, family) < 0) best = each
  return best
}

function compare(a: Endpoint, b: Endpoint, family: Endpoint['family']): number {
  return (
    Number(a.family !== family) - Number(b.family !== family) ||
    rank[a.state] - rank[b.state] ||
    Number(a.terminating) - Number(b.terminating) ||
    order(a.address, b.address) ||
    a.port - b.port ||
    order(a.pod?.uid ?? '', b.pod?.uid ?? '') ||
    order(a.nodeName, b.nodeName) ||
    order(a.of, b.of)
  )
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
