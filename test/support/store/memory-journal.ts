import type { FleetEvent, JournalEntry } from '#control-plane/fleet/event.ts'
import type { Fleet, Outcome } from '#control-plane/fleet/fleet.ts'
import type { RecordChange } from '#control-plane/fleet/record.ts'
import { Failure } from '#shared/failure/failure.ts'

type Waiting = {
  readonly event: FleetEvent
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: Failure) => void
}

/** A journal that lives in memory, for tests of what writes to one: events of one tick are one commit, reduced into `fleet`. */
export class MemoryJournal {
  readonly entries: JournalEntry[] = []
  /** False: the disk is full. */
  writable = true
  commits = 0
  readonly #fleet: Fleet
  #waiting: Waiting[] = []

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    fleet.markComplete()
  }

  readonly record: RecordChange = (change, { by, seen }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const event = { version: 1, at: Date.now(), by, ...(seen === undefined ? {} : { seen }), change } as const
    this.#waiting.push({ event, resolve, reject })
    if (this.#waiting.length === 1) setImmediate(() => this.#commit())
    return promise
  }

  #commit(): void {
    const batch = this.#waiting
    this.#waiting = []
    if (!this.writable) {
      for (const { reject } of batch) reject(new Failure('STORE_UNAVAILABLE', 'no room', { retryable: true }))
      return
    }
    this.commits += 1
    const entries = batch.map(({ event }, index) => ({ revision: this.#fleet.revision + index + 1, event }))
    this.entries.push(...entries)
    const outcomes = this.#fleet.apply(entries)
    for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] ?? 'unchanged')
  }

  /** The kinds of all changes of a subject, in order. */
  kindsOf(id: string): readonly string[] {
    return this.entries.flatMap(({ event: { change } }) => {
      const subject =
        'instance' in change
          ? change.instance
          : change.kind === 'node-joined'
            ? change.node.id
            : 'node' in change
              ? change.node
              : 'site' in change
                ? change.site
                : ''
      return subject === id ? [change.kind] : []
    })
  }
}
