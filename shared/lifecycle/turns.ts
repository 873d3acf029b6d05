import { Fifo } from './fifo.ts'

/** What comes first, what comes then, and what comes last. */
export type Rank = 0 | 1 | 2

type Step = { readonly run: () => void; readonly addedAt: number }

/** Of the event loop's time before everybody else gets his turn, in milliseconds. */
const defaultSliceMs = 4
/** While others wait of whom each round of the event loop takes one only. */
const hurriedSliceMs = 0.25

/**
 * Small steps of work that may come by the ten thousand at once: they are done in slices, so that the event loop never stands still for
 * longer than one of them. Steps of one rank are done in the order in which they came; a lower rank waits for a higher one, but not for
 * ever: each slice takes at least one step of each. How many may wait is for those to bound who add them.
 */
export class Turns {
  readonly #sliceMs: number
  readonly #waiting = [new Fifo<Step>(), new Fifo<Step>(), new Fifo<Step>()] as const
  #scheduled = false
  #hurried = false
  #now = 0

  /** @param sliceMs how long a slice may take; the step that is running then is not cut short */
  constructor(sliceMs = defaultSliceMs) {
    this.#sliceMs = sliceMs
  }

  get waiting(): number {
    return this.#waiting.reduce((sum, { size }) => sum + size, 0)
  }

  /** For how long the oldest step of the first rank has been waiting, in milliseconds. */
  lateMs(): number {
    const oldest = this.#waiting[0].first
    return oldest ? performance.now() - oldest.addedAt : 0
  }

  /** @param run must not throw: if it does, it is an uncaught exception, and the other steps go on */
  add(rank: Rank, run: () => void): void {
    if (!this.#scheduled) this.#schedule()
    this.#waiting[rank].push({ run, addedAt: this.#now })
  }

  /** Has the next slice be a short one: something waits that gets one turn in each round of the event loop. */
  hurry(): void {
    this.#hurried = true
  }

  #schedule(): void {
    this.#scheduled = true
    this.#now = performance.now()
    setImmediate(() => this.#slice())
  }

  #slice(): void {
    const endsAt = performance.now() + (this.#hurried ? Math.min(hurriedSliceMs, this.#sliceMs) : this.#sliceMs)
    this.#hurried = false
    try {
      for (const rank of [2, 1] as const) this.#waiting[rank].shift()?.run()
      for (;;) {
        const step = this.#next()
        if (!step) return
        step.run()
        if (performance.now() >= endsAt) return
      }
    } finally {
      this.#scheduled = false
      if (this.#next(true)) this.#schedule()
    }
  }

  #next(only = false): Step | undefined {
    for (const steps of this.#waiting) if (steps.size > 0) return only ? steps.first : steps.shift()
    return undefined
  }
}
