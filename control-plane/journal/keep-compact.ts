import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { prune, saveSnapshot, type underLeadership } from './compact.ts'
import type { JournalConfig } from './config.ts'
import { isSnapshotDue } from './retention.ts'
import type { Leading } from './store.ts'

export type CompactionParts = {
  /** The store for what only the leader does to it. */
  readonly store: ReturnType<typeof underLeadership>
  readonly fleet: Fleet
  readonly config: Pick<JournalConfig, 'snapshot_every' | 'snapshot_within' | 'retention'>
  readonly lead: Pick<Leading, 'leads'>
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly stop: AbortSignal
  /** The newest snapshot that there was at the start. */
  readonly newest: SnapshotTaken
}

type SnapshotTaken = { readonly revision: number; readonly at: number }

/** How often it is looked what is due by its age. */
const lookEveryMs = 60_000

/** Keeps the journal short: snapshots of the fleet, and what need not be kept is dropped. Only the plane that leads does it. */
export class Compaction {
  readonly #parts: CompactionParts
  readonly #due = new Wake()
  #snapshot: SnapshotTaken
  #turn: Promise<void> = Promise.resolve()

  constructor(parts: CompactionParts) {
    this.#parts = parts
    this.#snapshot = parts.newest
  }

  /** The revision of the newest snapshot; 0: none. */
  get revision(): number {
    return this.#snapshot.revision
  }

  /** To be called when entries were applied: a snapshot may be due. */
  look(): void {
    if (this.#isDue()) this.#due.ring()
  }

  /** Takes a snapshot of what is applied and drops what need not be kept. */
  compact(): Promise<void> {
    return this.#inTurn(() => this.#compact())
  }

  /** Does it again and again, until it is stopped. */
  async run(): Promise<void> {
    const { stop, lead, log } = this.#parts
    while (!stop.aborted) {
      await this.#due.next(lookEveryMs, stop)
      if (stop.aborted) return
      try {
        if (lead.leads()) await this.#inTurn(() => (this.#isDue() ? this.#compact() : this.#prune()))
      } catch (error) {
        if (stop.aborted) return
        warn(log, 'the journal could not be compacted')(error)
        await pause(lookEveryMs, stop)
      }
    }
  }

  #isDue(): boolean {
    const { fleet, config, now } = this.#parts
    const pace = { everyEvents: config.snapshot_every, withinMs: config.snapshot_within }
    const events = fleet.revision - this.#snapshot.revision
    return isSnapshotDue(events, fleet.nodes.size + fleet.instances.size, now() - this.#snapshot.at, pace)
  }

  /** What prunes would take away the parts of a snapshot that is being saved. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #compact(): Promise<void> {
    const { store, fleet, log, now, stop } = this.#parts
    // Another plane may have taken one.
    const [newest = this.#snapshot] = await store.snapshots()
    if (newest.revision > this.#snapshot.revision) this.#snapshot = newest
    const state = fleet.state()
    if (state.revision > this.#snapshot.revision) {
      const began = performance.now()
      this.#snapshot = await saveSnapshot(store, state, now(), stop)
      const tookMs = Math.round(performance.now() - began)
      log.debug({ revision: state.revision, tookMs }, 'a snapshot is taken')
    }
    await this.#prune()
  }

  async #prune(): Promise<void> {
    const { store, config, now, stop } = this.#parts
    await prune(store, { now: now(), retentionMs: config.retention, stop })
  }
}
