import { setImmediate as nextTurn } from 'node:timers/promises'
import * as z from 'zod/mini'
import { readJson, writeJson } from '#shared/files/keep-json.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { FederationDecision, FederationView } from '#shared/protocol/federation.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { FederationConfig } from './config.ts'
import { Federation } from './federation.ts'
import type { Heard, Teller } from './measures.ts'

export type FederationOptions = {
  readonly fleet: FleetView
  /** What must outlive this process is kept in this file. */
  readonly path: string
  readonly log: Logger
  readonly signal: AbortSignal
}

/** The federation at work. Disposing keeps what must outlive the process. */
export type FollowedFederation = AsyncDisposable & {
  /** The entry service of each cluster that has one, by cluster. */
  readonly entries: ReadonlyMap<string, string>
  view(): FederationView
  /** @param pin `auto`, or a cluster that `knows` knows */
  decide(type: string, pin?: string): FederationDecision
  knows(cluster: string): boolean
  /** What is known of an instance, for whoever weighs it. */
  measured(instance: string): ReturnType<Federation['measured']>
  hear(heard: Iterable<Heard>, teller: Teller): void
  /** Makes everything anew at once: whoever completes the fleet says so. */
  look(): void
  /** Calls `watcher` whenever a figure or an answer may be another one. Returns how to stop. */
  watch(watcher: () => void): () => void
}

/** Between two looks at the whole fleet at least so much of the time is left for everything else. */
const mostShare = 1 / 20
const leastRestMs = 20
const keepEveryMs = 30_000

const Stored = z.object({
  measures: z.array(z.tuple([z.enum(['node', 'instance']), z.string(), z.string(), z.number(), z.number()])),
  answering: z.array(z.object({ rule: z.string(), cluster: z.optional(z.string()), since: z.number() })),
  alive: z.array(z.object({ cluster: z.string(), alive: z.boolean(), since: z.number() })),
})

/** Looks at the fleet whenever it changes, and now and then; of a fleet that is not complete nothing is concluded. */
export async function followFederation(
  config: FederationConfig,
  { fleet, path, log, signal }: FederationOptions,
): Promise<FollowedFederation> {
  const federation = new Federation(config, fleet)
  const kept = await readJson(path, Stored)
  if (kept.kind === 'read') federation.restore(kept.value, Date.now())
  else if (kept.kind !== 'missing') log.warn({ file: path, err: kept.error }, 'who answered before is not known')
  const watchers = new Set<() => void>()
  const changed = new Wake()
  const stop = new AbortController()
  const stopped = AbortSignal.any([signal, stop.signal])
  let tookMs = 0

  const tell = () => {
    for (const watcher of watchers) watcher()
  }
  const look = () => {
    federation.look(Date.now())
    tell()
  }
  /** The same in turns with everything else: ten thousand instances take some time. */
  const lookInTurns = async () => {
    const startedAt = performance.now()
    for (const _ of federation.lookInParts(Date.now())) await nextTurn()
    tookMs = performance.now() - startedAt
    tell()
  }
  look()
  const unwatch = fleet.watch(({ instances, nodes }) => {
    if (instances.size > 0 || nodes.size > 0) changed.ring()
  })
  const restMs = () => Math.max(leastRestMs, tookMs / mostShare)
  const onFailure = warn(log, 'the standing of the clusters could not be made anew')
  const looking = repeat(
    async (stop) => {
      await changed.next(config.every, stop)
      if (!stop.aborted) await lookInTurns()
    },
    {
      get everyMs() {
        return restMs()
      },
      afterFailureMs: () => config.every,
    },
    onFailure,
    stopped,
  )
  const keep = () => writeJson(path, federation.stored(), { mode: 0o600 })
  const keeping = repeat(
    keep,
    { everyMs: keepEveryMs, afterFailureMs: () => keepEveryMs },
    warn(log, 'who answers now could not be kept'),
    stopped,
  )
  return {
    entries: federation.entries,
    view: () => federation.view(),
    decide: (type, pin) => federation.decide(type, pin),
    knows: (cluster) => federation.knows(cluster),
    measured: (instance) => federation.measured(instance, Date.now()),
    hear: (heard, teller) => federation.measures.take(heard, teller),
    look,
    watch: (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    async [Symbol.asyncDispose]() {
      unwatch()
      stop.abort()
      await Promise.all([looking, keeping])
      await keep().catch(warn(log, 'who answers now could not be kept'))
    },
  }
}
