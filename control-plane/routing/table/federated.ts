import type { FederationDecision } from '#shared/protocol/federation.ts'
import type { Measured } from './dynamic-weight.ts'

/** What routing needs of the federation. */
export type Federation = {
  /** The entry service of each cluster that has one, by cluster, in the order of preference. */
  readonly entries: ReadonlyMap<string, string>
  readonly decide: (type: string) => Pick<FederationDecision, 'cluster' | 'fallback'>
  readonly measured: (instance: string) => Measured
}

/** The instances of one cluster's entry service, as a part of a service that stands for clusters. */
export type Part = {
  readonly service: string
  readonly cluster: string
  /** Only when the cluster that answers has nothing to call. */
  readonly standsIn: boolean
}

/** Without a federation no name stands for clusters. */
export const noFederation: Federation = {
  entries: new Map(),
  decide: () => ({ cluster: null, fallback: null }),
  measured: () => ({ latencyMs: undefined, errors: undefined, measuredLoad: undefined, ownLoad: undefined }),
}

const ofType = 'federated:'
const wholeCluster = '-cluster'

/**
 * Of what a service consists whose name stands for clusters; undefined: the name is that of an ordinary service. `zervigo-cluster` is the
 * entry of Zervigo. `federated:resume` is the entry of the cluster that answers such requests, and that of the one other cluster which
 * stands in for it.
 */
export function partsOf(name: string, { entries, decide }: Federation): readonly Part[] | undefined {
  if (name.startsWith(ofType)) {
    if (entries.size === 0) return undefined
    return order(decide(name.slice(ofType.length)), [...entries.keys()]).map((cluster, place) => ({
      service: entries.get(cluster) ?? '',
      cluster,
      standsIn: place > 0,
    }))
  }
  if (!name.endsWith(wholeCluster)) return undefined
  const cluster = name.slice(0, -wholeCluster.length)
  const service = entries.get(cluster)
  return service === undefined ? undefined : [{ service, cluster, standsIn: false }]
}

/**
 * Two clusters, the one that answers first. Where none is alive, or no other, the next in order takes the place: its instances may come
 * back before anybody decides anew.
 */
function order(
  { cluster, fallback }: Pick<FederationDecision, 'cluster' | 'fallback'>,
  all: readonly string[],
): readonly string[] {
  const decided = [cluster, fallback].filter((name) => name !== null && all.includes(name)) as readonly string[]
  return [...decided, ...all.filter((name) => !decided.includes(name))].slice(0, 2)
}
