import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AuditDraft } from '../fleet/audit.ts'
import type { FleetEvent, JournalEntry } from '../fleet/event.ts'
import type { Outcome } from '../fleet/fleet.ts'
import { encodeEvent, type StoredEvent } from './stored-event.ts'

/** Events that share a commit at most: a whole batch of clients. It takes some ten milliseconds. */
const eventsInCommit = 1_024
/** Of these so many are reduced before others get their turn: that, and telling who follows, takes a few milliseconds. */
const eventsInTurn = 256

/**
 * While more comes than one commit takes they begin so far apart: by then there is more to share the next one. What comes alone goes at once.
 * A commit costs about a millisecond of a core whatever is in it, so where many come they share it with more.
 */
const apartMs = { few: 4, many: 12 } as const
const manyEvents = 4

export type CommitQueueParts = {
  /** Makes events durable; see JournalStore. `leading`: only if this plane leads, else it rejects with LEADERSHIP_LOST. */
  readonly append: (events: readonly StoredEvent[], leading: boolean, audit: readonly AuditDraft[]) => Promise<number>
  /** Takes entries that are durable, in their order; says what became of each. */
  readonly take: (entries: readonly JournalEntry[]) => Promise<readonly Outcome[]>
  /** Does one thing at a time: between an append and taking its entries nobody else takes any. */
  readonly inOrder: <T>(work: () => Promise<T>) => Promise<T>
  /** Events that may wait; what comes beyond is refused. */
  readonly most: number
  readonly log: Logger
  readonly now: () => number
}

export type Unavailable = { readonly failure: Failure; readonly since: number }

type Waiting = {
  readonly event: FleetEvent
  readonly stored: StoredEvent
  readonly leading: boolean
  readonly audit: AuditDraft | undefined
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** Events on their way to the disk. While one commit is under way the next one gathers, so a slow disk makes larger commits. */
export class CommitQueue {
  readonly #parts: CommitQueueParts
  readonly #waiting: Waiting[] = []
  #running: Promise<void> | undefined
  #began: number | undefined
  #begunAt = Number.NEGATIVE_INFINITY
  #unavailable: Unavailable | undefined
  #events = 0
  #commits = 0
  #refused = 0

  constructor(parts: CommitQueueParts) {
    this.#parts = parts
  }

  /** Set while the store takes nothing. */
  get unavailable(): Unavailable | undefined {
    return this.#unavailable
  }

  get figures() {
    return {
      waiting: this.#waiting.length,
      commitMs: this.#began === undefined ? 0 : performance.now() - this.#began,
      events: this.#events,
      commits: this.#commits,
      refused: this.#refused,
    }
  }

  /** Resolves when the event is durable and taken. Rejects with STORE_OVERLOADED, or as the store does. */
  add(event: FleetEvent, leading = false, audit?: AuditDraft): Promise<Outcome> {
    if (this.#waiting.length >= this.#parts.most) {
      this.#refused += 1
      const message = `${this.#waiting.length} changes wait for the disk already.`
      return Promise.reject(new Failure('STORE_OVERLOADED', message, { retryable: true }))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, stored: encodeEvent(event), leading, audit, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** To be called when the store was seen to write again. */
  recovered(): void {
    if (!this.#unavailable) return
    const { since } = this.#unavailable
    this.#unavailable = undefined
    this.#parts.log.info({ forMs: this.#parts.now() - since }, 'the store takes changes again')
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Whatever else is said in the same breath shares the commit; what comes while it is under way shares the next one.
      await undefined
      const batch = this.#waiting.splice(0, countAlike(this.#waiting))
      await this.#commit(batch)
      const restMs = this.#begunAt + apartMs[batch.length < manyEvents ? 'few' : 'many'] - performance.now()
      if (restMs > 0 && this.#waiting.length > 0 && this.#waiting.length < eventsInCommit) await pause(restMs)
    }
    this.#running = undefined
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    this.#began = performance.now()
    this.#begunAt = this.#began
    try {
      const outcomes = await this.#parts.inOrder(async () => {
        const leading = batch[0]?.leading ?? false
        const last = await this.#parts.append(
          batch.map(({ stored }) => stored),
          leading,
          batch.flatMap(({ audit }) => audit ?? []),
        )
        const first = last - batch.length + 1
        return this.#take(batch.map(({ event }, index) => ({ revision: first + index, event })))
      })
      this.recovered()
      this.#commits += 1
      this.#events += batch.length
      for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] ?? 'unchanged')
    } catch (error) {
      this.#fail(batch, error)
    } finally {
      this.#began = undefined
    }
  }

  async #take(entries: readonly JournalEntry[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    for (let from = 0; from < entries.length; from += eventsInTurn) {
      if (from > 0) await nextTurn()
      outcomes.push(...(await this.#parts.take(entries.slice(from, from + eventsInTurn))))
    }
    return outcomes
  }

  /** To be called when the store was seen not to do what it was asked. Said once, until it has recovered. */
  failed(error: unknown): Failure {
    const failure =
      error instanceof Failure
        ? error
        : new Failure('STORE_UNAVAILABLE', 'A change could not be recorded.', { retryable: true, cause: error })
    if (!this.#unavailable)
      this.#parts.log.error({ err: failure }, 'changes cannot be recorded; what is known is served')
    this.#unavailable = { failure, since: this.#unavailable?.since ?? this.#parts.now() }
    return failure
  }

  #fail(batch: readonly Waiting[], error: unknown): void {
    this.#refused += batch.length
    // That another plane leads says nothing of the store.
    const failure = isOfLeadership(error) ? error : this.failed(error)
    for (const { reject } of batch) reject(failure)
  }
}

/** How many of those that wait share a commit: those for which the same must hold, in their order. */
function countAlike(waiting: readonly Waiting[]): number {
  const other = waiting.findIndex(({ leading }) => leading !== waiting[0]?.leading)
  return Math.min(eventsInCommit, other < 0 ? waiting.length : other)
}

function isOfLeadership(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'LEADERSHIP_LOST'
}
