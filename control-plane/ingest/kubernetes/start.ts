import type { Logger } from '#shared/logging/logger.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { RecordChange } from '../../fleet/record.ts'
import type { ClusterConfig } from '../../kubernetes/config.ts'
import { KubernetesSource, type KubernetesStatus } from './source.ts'

export type KubernetesParts = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly log: Logger
  /** How long a cluster may stay silent before what is journalled stands in for it. */
  readonly standInAfterMs?: number
}

export type Kubernetes = AsyncDisposable & {
  readonly status: () => readonly KubernetesStatus[]
  /** Whether each cluster has answered, or has had the time to: before, nothing is concluded from what is not there. */
  readonly complete: () => boolean
  /** Lets go what a list of a cluster did not name; returns how many that are. Undefined: there is no such cluster. */
  readonly approve: (cluster: string) => number | undefined
}

const defaultStandInAfterMs = 10_000

/** Watches the clusters whose services are to be instances of ours. */
export function startKubernetes(clusters: readonly ClusterConfig[], parts: KubernetesParts): Kubernetes {
  const { standInAfterMs = defaultStandInAfterMs } = parts
  const startedAt = performance.now()
  const watched = clusters.filter(({ services }) => services.length > 0)
  const sources = new Map(watched.map((config) => [config.name, new KubernetesSource({ config, ...parts })]))
  return {
    status: () => [...sources.values()].map(({ status }) => status),
    complete: () =>
      performance.now() - startedAt >= standInAfterMs || [...sources.values()].every(({ answered }) => answered),
    approve: (cluster) => sources.get(cluster)?.approve(),
    async [Symbol.asyncDispose]() {
      await Promise.all([...sources.values()].map((source) => source[Symbol.asyncDispose]()))
    },
  }
}
