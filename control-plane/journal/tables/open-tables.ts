import { Failure } from '#shared/failure/failure.ts'
import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { MetricQuery, MetricSeries } from '../../fleet/metric-series.ts'
import { alone } from '../alone.ts'
import type { JournalConfig } from '../config.ts'
import type { Beat, Leading, TableStore, TableWrite } from '../store.ts'
import { InMaintenance } from './in-maintenance.ts'
import { readMetrics } from './read-metrics.ts'
import { RecentSamples } from './recent-samples.ts'
import { minuteOf, RollupBuffer, type Sample } from './rollup.ts'
import { nodeRow, serviceRow } from './rows.ts'

export type TablesParts = {
  readonly store: TableStore
  /** Loaded already. */
  readonly fleet: FleetView
  readonly config: Pick<JournalConfig, 'tables_within' | 'metrics'>
  readonly log: Logger
  /** Only who leads writes rows; the others keep in mind what they would have to write if they led. Left out: nobody else could lead. */
  readonly lead?: Leading
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
/** Where the event loop is at work for more than this share of the time, what changes comes first, and minutes have this share. */
const busyShare = 0.8
const mostShareBusy = 1 / 20
/** What is still in memory when the plane stops is written for so long. */
const lastWritingMs = 5_000
/** What samples take that are kept in memory as they came: 100,000 instances with six metrics each take 240 MB, 10,000 a tenth of that. */
const mostRecentBytes = 256 * 1024 * 1024
const retryMs = 5_000
const dropEveryMs = 60_000

/** The tables behind the journal. Disposing writes what is still to be written. */
export async function openTables(parts: TablesParts): Promise<Tables> {
  return new Tables(parts, await parts.store.tableCursor())
}

/**
 * Writes the nine tables behind the journal. What has changed is kept as keys, so a slow disk costs no memory; the rows are made when
 * they are written. After a crash, when the cursor is not where the fleet was at the start, everything is written again.
 */
export class Tables implements AsyncDisposable {
  readonly #parts: TablesParts
  readonly #now: () => number
  readonly #closing = new AbortController()
  readonly #rollups = new RollupBuffer(mostRollups)
  readonly #recent = new RecentSamples(mostRecentBytes)
  readonly #unwatch: () => void
  readonly #rounds: Promise<unknown>
  readonly #lead: Leading
  /** What has changed is known from this revision on. */
  readonly #knownFrom: number
  /** What is not known to be written, with the revision of its last change. */
  #services = new Map<string, number>()
  #nodes = new Map<string, number>()
  #writing: Promise<void> = Promise.resolve()
  /** The last writing was ours, and it succeeded. */
  #wrote = false
  #stale = false
  #load = performance.eventLoopUtilization()
  #cursor: number

  constructor(parts: TablesParts, cursor: number) {
    const { fleet, config, signal } = parts
    this.#parts = parts
    this.#now = parts.now ?? Date.now
    this.#cursor = cursor
    this.#lead = parts.lead ?? alone
    this.#knownFrom = fleet.revision
    const inMaintenance = new InMaintenance(fleet)
    this.#unwatch = fleet.watch(({ instances, nodes, revision }) => {
      for (const id of instances) {
        this.#services.set(id, revision)
        for (const node of inMaintenance.changed(id)) this.#nodes.set(node, revision)
      }
      for (const id of nodes) this.#nodes.set(id, revision)
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

  /** What is held in memory here. */
  bounds(): readonly {
    readonly name: string
    readonly now: number
    readonly most: number
    readonly refused: number
  }[] {
    const { size, dropped } = this.#rollups
    return [
      { name: 'metric_minutes', now: size, most: mostRollups, refused: dropped },
      {
        name: 'recent_samples_bytes',
        now: this.#recent.bytes,
        most: mostRecentBytes,
        refused: this.#recent.passedOver,
      },
    ]
  }

  status(): TablesStatus {
    return { revision: this.#cursor, droppedSamples: this.#rollups.dropped }
  }

  /**
   * Takes samples to be added up to minutes. Those of a minute are written once it is over.
   * @param owns whether this plane adds up a sample; those that others add up are only kept as they came
   */
  saveMetrics(samples: Iterable<Sample>, owns: (sample: Sample) => boolean = () => true): void {
    for (const sample of samples) {
      if (owns(sample)) this.#rollups.add(sample)
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
    const leads = this.#lead.leads()
    if (!leads || !this.#wrote) await this.#readCursor(leads)
    this.#wrote = leads
    if (!leads) return
    if (this.#stale) await this.#gatherAll()
    const { fleet, store } = this.#parts
    const services = this.#services
    const nodes = this.#nodes
    const revision = fleet.revision
    if (services.size === 0 && nodes.size === 0 && revision <= this.#cursor) return
    this.#services = new Map()
    this.#nodes = new Map()
    try {
      const pieces = [
        ...slices([...services.keys()], rowsAtOnce).map(this.#servicesPiece),
        ...slices([...nodes.keys()], rowsAtOnce).map(this.#nodesPiece),
      ]
      // The cursor moves in the transaction of the last piece: whoever finds it knows that all is written.
      const last = pieces.pop()
      for (const piece of pieces) await store.writeTables({ ...nothing, ...piece() }, this.#lead.term())
      await store.writeTables({ ...nothing, ...last?.(), cursor: revision }, this.#lead.term())
    } catch (error) {
      this.#services = new Map([...services, ...this.#services])
      this.#nodes = new Map([...nodes, ...this.#nodes])
      this.#wrote = false
      // Whoever leads now writes them.
      if (error instanceof Failure && error.code === 'LEADERSHIP_LOST') return
      throw error
    }
    this.#cursor = revision
    this.#stale = false
  }

  /** What another plane has written, or we in an earlier run, need not be written. */
  async #readCursor(leads: boolean): Promise<void> {
    const waiting = [this.#services, this.#nodes]
    if (!leads && waiting.every(({ size }) => size === 0)) return
    this.#cursor = await this.#parts.store.tableCursor()
    for (const some of waiting) {
      for (const [id, revision] of some) if (revision <= this.#cursor) some.delete(id)
    }
    // A cursor from the future is of a fleet that is not this one.
    this.#stale = this.#cursor < this.#knownFrom || this.#cursor > this.#parts.fleet.revision
  }

  /** Everything that the fleet or a table has: after a crash it is not known which rows are behind. */
  async #gatherAll(): Promise<void> {
    const { fleet, store } = this.#parts
    const { revision } = fleet
    for (const id of fleet.instances.keys()) this.#services.set(id, revision)
    for (const id of fleet.nodes.keys()) this.#nodes.set(id, revision)
    await forEachId(
      (after) => store.serviceIds(after, idsAtOnce),
      (id) => this.#services.set(id, revision),
    )
    await forEachId(
      (after) => store.nodeIds(after, idsAtOnce),
      (id) => this.#nodes.set(id, revision),
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
      if (paced) await pause(this.#restMs(performance.now() - startedAt), paced)
    }
  }

  #restMs(tookMs: number): number {
    const { utilization } = performance.eventLoopUtilization(this.#load)
    this.#load = performance.eventLoopUtilization()
    const share = utilization > busyShare ? mostShareBusy : mostShare
    return Math.min(longestRestMs, tookMs * (1 / share - 1))
  }

  async #dropOldRollups(stop: AbortSignal): Promise<void> {
    const { retention, most_rows } = this.#parts.config.metrics
    while (!stop.aborted && this.#lead.leads()) {
      if ((await this.#parts.store.dropRollups(this.#now() - retention, most_rows, droppedAtOnce)) === 0) return
    }
  }
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
