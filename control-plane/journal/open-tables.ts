import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { JournalConfig } from './config.ts'
import type { MetricQuery, MetricSeries } from './metric-series.ts'
import { readMetrics } from './read-metrics.ts'
import { RecentSamples } from './recent-samples.ts'
import { minuteOf, RollupBuffer, type Sample } from './rollup.ts'
import { nodeRow, serviceRow } from './rows.ts'
import type { Beat, TableStore, TableWrite } from './store.ts'

export type TablesParts = {
  readonly store: TableStore
  /** Loaded already. */
  readonly fleet: FleetView
  readonly config: Pick<JournalConfig, 'tables_within' | 'metrics'>
  readonly log: Logger
  readonly signal: AbortSignal
  /** Epoch milliseconds. */
  readonly now?: () => number
}

export type TablesStatus = {
  /** The revision that the tables show. */
  readonly revision: number
  /** Metric samples that found no room since the start. */
  readonly droppedSamples: number
}

/** Rows in one transaction: two or three milliseconds, since an append may have to wait for it. */
const rowsAtOnce = 100
const idsAtOnce = 1_000
const droppedAtOnce = 500
/** Minutes of metrics that are added up in memory at most: some 80 MiB. */
const mostRollups = 1_000_000
/** Of the time, minutes of metrics are written in this share at most; between two pieces of them at most so long nothing is. */
const mostShare = 1 / 4
const longestRestMs = 200
/** What is still in memory when the plane stops is written for so long. */
const lastWritingMs = 5_000
/** Samples that are kept in memory as they came: some 6 MiB. */
const mostSamples = 200_000
const retryMs = 5_000
const dropEveryMs = 60_000

/** The tables behind the journal. Disposing writes what is still to be written. */
export async function openTables(parts: TablesParts): Promise<Tables> {
  return new Tables(parts, await parts.store.tableCursor())
}

/**
 * Writes the nine tables behind the journal. What has changed is kept as keys, so a slow disk costs no memory; the rows are made when
 * they are written. After a crash, when the cursor is not where the fleet is, everything is written again.
 */
export class Tables implements AsyncDisposable {
  readonly #parts: TablesParts
  readonly #now: () => number
  readonly #closing = new AbortController()
  readonly #rollups = new RollupBuffer(mostRollups)
  readonly #recent = new RecentSamples(mostSamples)
  readonly #unwatch: () => void
  readonly #rounds: Promise<unknown>
  #services = new Set<string>()
  #nodes = new Set<string>()
  #writing: Promise<void> = Promise.resolve()
  #stale: boolean
  #cursor: number

  constructor(parts: TablesParts, cursor: number) {
    const { fleet, config, signal } = parts
    this.#parts = parts
    this.#now = parts.now ?? Date.now
    this.#cursor = cursor
    this.#stale = cursor !== fleet.revision
    this.#unwatch = fleet.watch(({ instances, nodes }) => {
      for (const id of instances) {
        this.#services.add(id)
        const instance = fleet.instances.get(id)
        // A node's row says whether all that is on it is in maintenance.
        if (instance) this.#nodes.add(instance.node)
      }
      for (const id of nodes) this.#nodes.add(id)
    })
    const stop = AbortSignal.any([signal, this.#closing.signal])
    const onFailure = warn(parts.log, 'the tables could not be written; they follow later')
    const pace = { everyMs: Math.max(config.tables_within, 10), afterFailureMs: () => retryMs }
    const dropPace = { everyMs: dropEveryMs, afterFailureMs: () => dropEveryMs }
    this.#rounds = Promise.all([
      repeat(() => this.#inTurn(() => this.#writeRows()), pace, onFailure, stop),
      repeat((paced) => this.#writeRollups(minuteOf(this.#now()), { paced }), pace, onFailure, stop),
      repeat((signal) => this.#dropOldRollups(signal), dropPace, onFailure, stop),
    ])
  }

  status(): TablesStatus {
    return { revision: this.#cursor, droppedSamples: this.#rollups.dropped }
  }

  /** Takes samples to be added up to minutes. Those of a minute are written once it is over. */
  saveMetrics(samples: Iterable<Sample>): void {
    for (const sample of samples) {
      this.#rollups.add(sample)
      this.#recent.add(sample)
    }
  }

  /** The metrics of a service over a time: what is written, and what is still in memory. */
  readMetrics(query: MetricQuery): Promise<readonly MetricSeries[]> {
    return readMetrics(query, { store: this.#parts.store, rollups: this.#rollups, recent: this.#recent })
  }

  /** Writes when instances and nodes were last heard of; those that have no row are passed over. */
  async saveBeats(services: readonly Beat[], nodes: readonly Beat[]): Promise<void> {
    for (const some of slices(services, rowsAtOnce)) await this.#parts.store.saveBeats(some, [])
    for (const some of slices(nodes, rowsAtOnce)) await this.#parts.store.saveBeats([], some)
  }

  /** Hands over page by page when services were last heard of, as far as that was saved. */
  async readBeats(take: (beats: readonly Beat[]) => void): Promise<void> {
    for (let after = ''; ; ) {
      const beats = await this.#parts.store.serviceBeats(after, idsAtOnce)
      take(beats.filter(([, at]) => at > 0))
      const last = beats.at(-1)
      if (last === undefined) return
      after = last[0]
    }
  }

  /** Writes what there is to be written now. It runs by itself. */
  write(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#writeRollups(minuteOf(this.#now()))
      await this.#writeRows()
    })
  }

  #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(step)
    this.#writing = turn.catch(() => {})
    return turn
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.#unwatch()
    await this.#rounds
    const { log } = this.#parts
    const late = AbortSignal.timeout(lastWritingMs)
    await this.#writeRollups(Number.POSITIVE_INFINITY, { ending: late }).catch(
      warn(log, 'metrics could not be written at the end'),
    )
    if (this.#rollups.size > 0)
      log.warn({ minutes: this.#rollups.size }, 'metrics were left out at the end: they are too many')
    await this.write().catch(warn(log, 'the tables could not be written at the end; the next start does it'))
  }

  async #writeRows(): Promise<void> {
    if (this.#stale) await this.#gatherAll()
    const { fleet, store } = this.#parts
    const services = this.#services
    const nodes = this.#nodes
    const revision = fleet.revision
    if (services.size === 0 && nodes.size === 0 && revision === this.#cursor) return
    this.#services = new Set()
    this.#nodes = new Set()
    try {
      const pieces = [
        ...slices([...services], rowsAtOnce).map(this.#servicesPiece),
        ...slices([...nodes], rowsAtOnce).map(this.#nodesPiece),
      ]
      // The cursor moves in the transaction of the last piece: whoever finds it knows that all is written.
      const last = pieces.pop()
      for (const piece of pieces) await store.writeTables({ ...nothing, ...piece() })
      await store.writeTables({ ...nothing, ...last?.(), cursor: revision })
    } catch (error) {
      for (const id of services) this.#services.add(id)
      for (const id of nodes) this.#nodes.add(id)
      throw error
    }
    this.#cursor = revision
    this.#stale = false
  }

  /** Everything that the fleet or a table has: after a crash it is not known which rows are behind. */
  async #gatherAll(): Promise<void> {
    const { fleet, store } = this.#parts
    for (const id of fleet.instances.keys()) this.#services.add(id)
    for (const id of fleet.nodes.keys()) this.#nodes.add(id)
    await forEachId(
      (after) => store.serviceIds(after, idsAtOnce),
      (id) => this.#services.add(id),
    )
    await forEachId(
      (after) => store.nodeIds(after, idsAtOnce),
      (id) => this.#nodes.add(id),
    )
  }

  readonly #servicesPiece = (ids: readonly string[]) => (): Partial<TableWrite> => {
    const { instances, nodes } = this.#parts.fleet
    const now = this.#now()
    const known = ids.flatMap((id) => instances.get(id) ?? [])
    return {
      services: known.map((instance) => serviceRow(instance, nodes.get(instance.node), now)),
      goneServices: ids.filter((id) => !instances.has(id)),
    }
  }

  readonly #nodesPiece = (ids: readonly string[]) => (): Partial<TableWrite> => {
    const { fleet } = this.#parts
    const now = this.#now()
    const known = ids.flatMap((id) => fleet.nodes.get(id) ?? [])
    const on = (node: string) => [...fleet.instancesOfNode(node)].flatMap((id) => fleet.instances.get(id) ?? [])
    return {
      nodes: known.map((node) => nodeRow(node, on(node.spec.id), now)),
      goneNodes: ids.filter((id) => !fleet.nodes.has(id)),
    }
  }

  /**
   * Writes the minutes that began before a time.
   * @param paced most of the time is left for everything else, until this is signalled
   * @param ending when this is signalled what is left is left
   */
  async #writeRollups(
    before: number,
    { paced, ending }: { paced?: AbortSignal; ending?: AbortSignal } = {},
  ): Promise<void> {
    while (!ending?.aborted) {
      const startedAt = performance.now()
      const rollups = this.#rollups.take(before, rowsAtOnce)
      if (rollups.length === 0) return
      try {
        await this.#parts.store.saveRollups(rollups)
      } catch (error) {
        this.#rollups.giveBack(rollups)
        throw error
      }
      if (paced) await pause(restMs(performance.now() - startedAt), paced)
    }
  }

  async #dropOldRollups(stop: AbortSignal): Promise<void> {
    const { retention, most_rows } = this.#parts.config.metrics
    while (!stop.aborted) {
      if ((await this.#parts.store.dropRollups(this.#now() - retention, most_rows, droppedAtOnce)) === 0) return
    }
  }
}

function restMs(tookMs: number): number {
  return Math.min(longestRestMs, tookMs * (1 / mostShare - 1))
}

const nothing: TableWrite = { services: [], nodes: [], goneServices: [], goneNodes: [], cursor: undefined }

function slices<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}

async function forEachId(
  page: (after: string) => Promise<readonly string[]>,
  visit: (id: string) => void,
): Promise<void> {
  let after = ''
  for (;;) {
    const ids = await page(after)
    for (const id of ids) visit(id)
    const last = ids.at(-1)
    if (last === undefined) return
    after = last
  }
}
