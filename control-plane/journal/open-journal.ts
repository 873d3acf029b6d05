import { Failure } from '#shared/failure/failure.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { Change, JournalEntry } from '../fleet/event.ts'
import { Fleet, type Outcome } from '../fleet/fleet.ts'
import { ownerOf } from '../fleet/owner.ts'
import type { RecordChange, RecordOptions } from '../fleet/record.ts'
import type { FleetState } from '../fleet/state.ts'
import { alone } from './alone.ts'
import { CommitQueue } from './commit-queue.ts'
import { underLeadership } from './compact.ts'
import type { JournalConfig } from './config.ts'
import { Compaction } from './keep-compact.ts'
import { Looks } from './looks.ts'
import { recallDeparted } from './recall-departed.ts'
import { type Replayed, readEntries, replay } from './replay.ts'
import { otherHistory } from './same-history.ts'
import type { JournalStore, Leading, Store } from './store.ts'
import { eventVersion, storable } from './stored-event.ts'

export type JournalSettings = Pick<JournalConfig, 'queue' | 'snapshot_every' | 'snapshot_within' | 'retention'>

export type JournalParts = {
  readonly store: JournalStore & Pick<Store, 'sharing'>
  /** What the entries are reduced into. Nobody else applies anything to it. */
  readonly fleet: Fleet
  readonly config: JournalSettings
  readonly log: Logger
  /** Left out: nobody else could lead. The one that leads takes the snapshots and drops what need not be kept. */
  readonly lead?: Leading
  /** Ends the journal's own rounds; changes are recorded until it is disposed. */
  readonly signal: AbortSignal
  /** Epoch milliseconds. */
  readonly now?: () => number
}

/** What the health page says of the journal. */
export type JournalStatus = {
  /** unloaded: `load` has not ended · ready · unavailable: nothing is acknowledged now, what is known is served */
  readonly state: 'unloaded' | 'ready' | 'unavailable' | 'closed'
  /** Why, and what to do, where it is unavailable. */
  readonly failure: Failure | undefined
  /** Epoch milliseconds since when it is unavailable. */
  readonly since: number | undefined
  readonly revision: number
  /** The revision of the newest snapshot; 0: none. */
  readonly snapshot: number
  /** Changes that wait for the disk. */
  readonly waiting: number
  /** For how many milliseconds the commit under way has been running. */
  readonly commitMs: number
  /** Since the start: events recorded, commits, changes refused. */
  readonly events: number
  readonly commits: number
  readonly refused: number
}

export type JournalListener = (entries: readonly JournalEntry[]) => void

/** How often the store is tried while it is unavailable and nobody records anything. */
const probeEveryMs = 1_000
/** How often it is looked for what others appended, if it was not heard. */
const followEveryMs = 250
/** More entries than are taken while somebody waits for one of them. */
const farAhead = 1_000_000

/** The journal over an open store. `load` comes first. Disposing waits for what was recorded; the store stays open. */
export async function openJournal(parts: JournalParts): Promise<Journal> {
  const [newest] = await parts.store.snapshots()
  return new Journal(parts, newest ?? { revision: 0, at: (parts.now ?? Date.now)() })
}

export class Journal implements AsyncDisposable {
  readonly #store: JournalParts['store']
  readonly #fleet: Fleet
  readonly #lead: Leading
  readonly #log: Logger
  readonly #now: () => number
  readonly #queue: CommitQueue
  readonly #listeners = new Set<JournalListener>()
  readonly #compaction: Compaction
  readonly #appended = new Wake()
  readonly #looks = new Looks()
  readonly #closing = new AbortController()
  readonly #stop: AbortSignal
  #state: 'unloaded' | 'ready' | 'closed' = 'unloaded'
  /** What was taken last, at the fleet's revision; undefined: nothing, or it is no longer kept. */
  #last: JournalEntry | undefined
  /** The store failed: it may be another one, or have gone back, when it answers again. */
  #doubted = false
  /** The store has another history than the fleet: nothing is taken from it any more. */
  #parted: Failure | undefined
  #rounds: Promise<unknown> = Promise.resolve()
  #taking: Promise<unknown> = Promise.resolve()

  constructor(parts: JournalParts, newest: { readonly revision: number; readonly at: number }) {
    this.#store = parts.store
    this.#fleet = parts.fleet
    this.#log = parts.log
    this.#now = parts.now ?? Date.now
    this.#stop = AbortSignal.any([parts.signal, this.#closing.signal])
    this.#lead = parts.lead ?? alone
    this.#compaction = new Compaction({
      store: underLeadership(parts.store, () => this.#lead.term()),
      fleet: parts.fleet,
      config: parts.config,
      lead: this.#lead,
      log: parts.log,
      now: this.#now,
      stop: this.#stop,
      newest,
    })
    this.#queue = new CommitQueue({
      append: async (events, leading, audit) => {
        await this.#beSure()
        const term = leading ? { term: this.#lead.term() } : {}
        const condition = { atLeast: this.#fleet.revision, ...term, ...(audit.length > 0 ? { audit } : {}) }
        return this.#store.append(events, condition).catch((error: unknown) => {
          this.#doubted = true
          throw error
        })
      },
      take: (entries) => this.#take(entries),
      inOrder: (work) => this.#inOrder(work),
      most: parts.config.queue,
      log: parts.log,
      now: this.#now,
    })
  }

  /** Restores the fleet: the newest snapshot and what came after it. Once, before anything is recorded. */
  async load(): Promise<Replayed> {
    const began = performance.now()
    const target = {
      restore: (state: FleetState) => this.#fleet.restore(state),
      apply: (entries: readonly JournalEntry[]) => {
        this.#fleet.apply(entries)
        this.#last = entries.at(-1)
      },
    }
    const replayed = await replay(this.#store, target, { until: await this.#store.head(), log: this.#log })
    if (replayed.snapshot) await this.#recall(replayed.snapshot.revision)
    // With a snapshot nobody needs it, so it may be one that cannot be read.
    this.#last ??= await this.#entry(replayed.revision).catch(() => undefined)
    this.#state = 'ready'
    this.#rounds = Promise.all([this.#compaction.run(), this.#probeInRounds(), this.#followInRounds()])
    const { revision, entries, snapshot } = replayed
    const tookMs = Math.round(performance.now() - began)
    this.#log.info({ revision, snapshot: snapshot?.revision ?? 0, entries, tookMs }, 'the journal is loaded')
    return replayed
  }

  /** See RecordChange. Rejects with STORE_UNAVAILABLE or, when too many wait already, STORE_OVERLOADED. */
  readonly record: RecordChange = (change: Change, { by, seen, leading, audit }: RecordOptions): Promise<Outcome> => {
    if (this.#state !== 'ready') {
      const message = this.#state === 'closed' ? 'The journal is closed.' : 'The journal is not loaded yet.'
      return Promise.reject(new Failure('STORE_UNAVAILABLE', message, { retryable: true }))
    }
    const tenant = ownerOf(change, this.#fleet)
    const owned = tenant === undefined ? {} : { tenant }
    const event = { version: eventVersion, at: this.#now(), by: storable(by), ...owned, change } as const
    return this.#queue.add(seen === undefined ? event : { ...event, seen }, leading, audit)
  }

  /** Entries after a revision, oldest first, at most `limit`. Those that are no longer kept are passed over. @param tenant only its own */
  readonly read = (after: number, limit: number, tenant?: string): Promise<readonly JournalEntry[]> => {
    return readEntries(this.#store, after, limit, tenant)
  }

  /** The revision before the first entry at or after a time (epoch milliseconds). */
  readonly revisionAt = (time: number): Promise<number> => this.#store.revisionAt(time)

  /** The revision of the newest entry. */
  readonly newest = (): number => this.#fleet.revision

  /** Calls `listener` with each commit's entries once they are applied; returns how to stop. */
  readonly follow = (listener: JournalListener): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Looks at the fleet as it is right after an entry, before the next one is applied. Rejects with NOT_FOUND where that has passed, or does not
   * come within `withinMs`; at once where it is too far ahead to come in that time.
   */
  async lookAt<T>(revision: number, look: () => T, withinMs: number): Promise<T> {
    if (revision === this.#fleet.revision) return look()
    if (revision < this.#fleet.revision) throw notThere(revision, `it is at ${this.#fleet.revision} already`)
    if (revision > this.#fleet.revision + farAhead) throw notThere(revision, `it is at ${this.#fleet.revision} only`)
    const found = Promise.withResolvers<T>()
    const waiting = () => found.resolve(look())
    this.#looks.add(revision, waiting)
    const timer = setTimeout(() => found.reject(notThere(revision, 'it did not come in time')), withinMs)
    try {
      return await found.promise
    } finally {
      clearTimeout(timer)
      this.#looks.delete(revision, waiting)
    }
  }

  /** The state after the entry `revision`. Rejects with NOT_FOUND if that past is no longer kept, or not there yet. */
  async stateAt(revision: number): Promise<FleetState> {
    const [marks, oldest = 1] = await Promise.all([this.#store.snapshots(), this.#store.oldest()])
    if (revision > this.#fleet.revision || (oldest > 1 && !marks.some((mark) => mark.revision <= revision))) {
      throw new Failure('NOT_FOUND', `The journal does not have the state after revision ${revision}.`, {
        remedy: 'Ask for a later moment; journal.retention says how long the past is kept.',
      })
    }
    const past = new Fleet()
    await replay(this.#store, past, { until: revision, log: this.#log })
    return past.state()
  }

  status(): JournalStatus {
    const unavailable = this.#queue.unavailable
    return {
      state: this.#state === 'ready' && unavailable ? 'unavailable' : this.#state,
      failure: unavailable?.failure,
      since: unavailable?.since,
      revision: this.#fleet.revision,
      snapshot: this.#compaction.revision,
      ...this.#queue.figures,
    }
  }

  /** Takes a snapshot of what is applied and drops what need not be kept. It runs by itself, on the plane that leads. */
  compact(): Promise<void> {
    return this.#compaction.compact()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = 'closed'
    this.#closing.abort()
    await this.#queue.idle()
    await this.#rounds
  }

  async #take(entries: readonly JournalEntry[]): Promise<readonly Outcome[]> {
    const [first] = entries
    if (!first) return []
    const before = first.revision - 1
    if (before > this.#fleet.revision) await this.#catchUp(before)
    if (before < this.#fleet.revision) {
      throw new Failure('STORE_CORRUPT', `The store went back from revision ${this.#fleet.revision} to ${before}.`)
    }
    const outcomes = this.#apply(entries)
    this.#compaction.look()
    return outcomes
  }

  /** Somebody else appended, or an append of ours was made durable though it seemed to fail. */
  async #catchUp(until: number): Promise<void> {
    while (this.#fleet.revision < until) {
      const after = this.#fleet.revision
      const known = this.#last ? 1 : 0
      const [first, ...more] = await this.read(after - known, Math.min(500, until - after) + known)
      const knows = first?.revision === after
      if (first && knows) this.#compare(first)
      const entries = first && !knows ? [first, ...more] : more
      if (entries[0]?.revision !== after + 1) {
        throw new Failure('STORE_CORRUPT', `The journal has no revision ${after + 1}.`)
      }
      this.#apply(entries)
    }
  }

  async #entry(revision: number): Promise<JournalEntry | undefined> {
    if (revision === 0) return undefined
    const [entry] = await this.read(revision - 1, 1)
    return entry?.revision === revision ? entry : undefined
  }

  /** After a failure, before anything is acknowledged: that the store still has what was taken from it. */
  async #beSure(): Promise<void> {
    if (this.#parted) throw this.#parted
    if (!this.#doubted) return
    const stored = this.#last && (await this.#entry(this.#last.revision))
    if (stored) this.#compare(stored)
    this.#doubted = false
  }

  #compare(stored: JournalEntry): void {
    this.#parted = this.#last && otherHistory(this.#last, stored)
    if (this.#parted) throw this.#parted
  }

  #apply(entries: readonly JournalEntry[]): readonly Outcome[] {
    const outcomes = this.#looks.pieces(entries).flatMap((piece) => {
      const each = this.#fleet.apply(piece)
      this.#looks.reached(this.#fleet.revision)
      return each
    })
    this.#last = entries.at(-1) ?? this.#last
    this.#tell(entries)
    return outcomes
  }

  #tell(entries: readonly JournalEntry[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(entries)
      } catch (error) {
        warn(this.#log, 'a follower of the journal failed')(error)
      }
    }
  }

  /** Nobody needs it to serve, so it may be what cannot be read. */
  async #recall(snapshot: number): Promise<void> {
    const unknown = warn(this.#log, 'who departed before the snapshot is not known')
    await recallDeparted(this.#store, snapshot).then((departed) => this.#fleet.recall(departed), unknown)
  }

  #probeInRounds(): Promise<void> {
    const probe = async () => {
      if (!this.#queue.unavailable?.failure.retryable) return
      await this.#store.probe()
      // By now it may be unavailable for another reason.
      if (this.#queue.unavailable?.failure.retryable) this.#queue.recovered()
    }
    const pace = { everyMs: probeEveryMs, afterFailureMs: () => probeEveryMs }
    return repeat(probe, pace, () => {}, this.#stop)
  }

  /** Takes what others append to a shared store, in its order. */
  async #followInRounds(): Promise<void> {
    const { sharing } = this.#store
    if (!sharing) return
    const unhear = sharing.onAppended((revision) => {
      if (revision > this.#fleet.revision) this.#appended.ring()
    })
    while (!this.#stop.aborted) {
      await this.#appended.next(followEveryMs, this.#stop)
      if (this.#stop.aborted) break
      await this.#inOrder(() => this.#followOnce()).catch((error: unknown) => {
        this.#doubted = true
        if (!this.#stop.aborted) this.#queue.failed(error)
      })
    }
    unhear()
  }

  async #followOnce(): Promise<void> {
    if (this.#parted) throw this.#parted
    const head = await this.#store.head()
    const { revision } = this.#fleet
    if (head < revision) {
      throw new Failure('STORE_CORRUPT', `The store went back from revision ${revision} to ${head}.`)
    }
    await this.#beSure()
    await this.#catchUp(head)
    // That something is there again which was missing is seen by reading; that it can be written, by the probe.
    if (this.#queue.unavailable?.failure.code === 'STORE_CORRUPT') this.#queue.recovered()
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#taking.then(work)
    this.#taking = turn.catch(() => {})
    return turn
  }
}

function notThere(revision: number, why: string): Failure {
  return new Failure('NOT_FOUND', `The fleet after revision ${revision} cannot be seen: ${why}.`)
}
