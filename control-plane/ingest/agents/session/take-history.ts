import * as z from 'zod/mini'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { type History, type Metric, PastEdge, PastSample } from '#shared/protocol/messages.ts'
import type { FleetView } from '../../../fleet/fleet.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import type { PastTold } from '../../../fleet/told.ts'
import { isOf } from './judgement.ts'

export type HistoryParts = {
  readonly fleet: FleetView
  readonly record: RecordChange
  /** Measurements with their own time, epoch milliseconds. */
  readonly onMetrics: (node: string, metrics: readonly Metric[], at: number) => void
  readonly log: Logger
  readonly stop: AbortSignal
}

/** Of what a node measured, what its certificate lets it tell. */
export type WithinMay = (metrics: readonly Metric[]) => readonly Metric[]
const asTheyAre: WithinMay = (metrics) => metrics

/** Batches that all agents together may tell in a second: their next ones wait for the acknowledgement. */
const batchesInSecond = 200

/**
 * Takes what agents tell of their past. State changes are journalled as history, each with its own time; measurements go where all go,
 * with theirs. Nothing of it touches what is believed of an instance. What was told before changes nothing.
 */
export class Histories {
  readonly #parts: HistoryParts
  /** How far measurements were taken since this plane started. */
  readonly #samples = new Map<string, { readonly log: string; readonly upTo: number }>()
  #freeAt = 0

  constructor(parts: HistoryParts) {
    this.#parts = parts
  }

  /** Resolves with true when it is on disk and there is time for the next batch, with false if it could not be written down. */
  async take(node: string, history: History, within: WithinMay = asTheyAre): Promise<boolean> {
    const { record, onMetrics, log, stop } = this.#parts
    const now = Date.now()
    const { told, samples } = this.#read(node, history, now)
    if (told.changes.length + told.lostChanges + told.lostSamples > 0) {
      try {
        await record({ kind: 'history-told', node, ...told }, { by: `agent:${node}` })
      } catch (err) {
        log.warn({ err, node }, 'what an agent told of its past could not be recorded; it tells it again')
        return false
      }
    }
    for (const { ageMs, metrics } of samples) {
      const own = within(metrics)
      if (own.length > 0) onMetrics(node, own, now - ageMs)
    }
    if (told.samples > 0) this.#samples.set(node, { log: history.log, upTo: told.samples })
    await this.#turn(stop)
    return true
  }

  forget(node: string): void {
    this.#samples.delete(node)
  }

  #read(node: string, { log, edges = [], samples = [] }: History, now: number) {
    const known = this.#parts.fleet.nodes.get(node)?.told
    const edgesBefore = known?.log === log ? known.edges : 0
    const read = readable(PastEdge, edges)
    const news = read.items.filter(({ n }) => n > edgesBefore)
    const measured = readable(PastSample, samples)
    const newSamples = measured.items.filter(({ n }) => n > this.#samplesBefore(node, log))
    const told: PastTold = {
      log,
      edges: highest(read.items),
      samples: highest(measured.items),
      changes: news
        .filter(({ id }) => this.#isOwn(node, id))
        .map(({ id, health, reason, ageMs, folded }) => ({
          instance: id,
          health,
          reason,
          at: now - ageMs,
          ...(folded ? { folded: { count: folded.count, since: now - folded.sinceMs } } : {}),
        })),
      lostChanges: read.bad + news.reduce((sum, { lost = 0, folded }) => sum + lost + (folded?.count ?? 0), 0),
      lostSamples: measured.bad + newSamples.reduce((sum, { lost = 0 }) => sum + lost, 0),
    }
    return { told, samples: newSamples }
  }

  #samplesBefore(node: string, log: string): number {
    const recorded = this.#parts.fleet.nodes.get(node)?.told
    const taken = this.#samples.get(node)
    return Math.max(recorded?.log === log ? recorded.samples : 0, taken?.log === log ? taken.upTo : 0)
  }

  /** An instance that is gone meanwhile is nobody else's. */
  #isOwn(node: string, id: string): boolean {
    const known = this.#parts.fleet.instances.get(id)
    const own = known === undefined || isOf(node, known)
    if (!own)
      this.#parts.log.warn({ node, instance: id }, 'an agent told of the past of an instance that is not its own')
    return own
  }

  /** Agents that come back together get their turns one after the other. */
  async #turn(stop: AbortSignal): Promise<void> {
    const now = performance.now()
    const waitMs = Math.max(0, this.#freeAt - now)
    this.#freeAt = now + waitMs + 1000 / batchesInSecond
    if (waitMs > 0) await pause(waitMs, stop)
  }
}

/** Those that this version can read; one that it cannot must not keep the others back for ever. */
function readable<T>(
  schema: z.ZodMiniType<T>,
  items: readonly unknown[],
): { readonly items: readonly T[]; readonly bad: number } {
  const read = items.flatMap((item) => {
    const result = z.safeParse(schema, item)
    return result.success ? [result.data] : []
  })
  return { items: read, bad: items.length - read.length }
}

function highest(items: readonly { readonly n: number }[]): number {
  return items.reduce((most, { n }) => Math.max(most, n), 0)
}
