import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import { type CompareOptions, type Comparison, compare, judgeAll } from './compare.ts'
import type { Reach } from './reach.ts'

export type CompareLoopOptions = CompareOptions & {
  readonly everyMs: number
  /** False: the queue is not worked off, it only says that something has changed. */
  readonly applies: boolean
  readonly reach: Reach
  readonly onCompared: () => void
  readonly onFailure: (error: unknown) => void
}

/** In observe mode: how often what would be done is judged anew while the fleet changes. */
const observeEveryMs = 1_000

/** So many nodes wait while a fleet is being written; a comparison is put off at most `patience` times its cadence. */
const busy = 100
const patience = 5
const lookEveryMs = 100

/** Compares a datacenter with the fleet when rung, when it is back, and on the timetable. */
export class CompareLoop {
  readonly #options: CompareLoopOptions
  readonly #wake = new Wake()
  #comparison: Comparison | undefined
  #validFor: string | undefined
  #generation = 0
  #tookMs = 0

  constructor(options: CompareLoopOptions) {
    this.#options = options
  }

  /** The last comparison; undefined: there was none yet. */
  get comparison(): Comparison | undefined {
    return this.#comparison
  }

  /** Whether a comparison has begun and ended since the datacenter was last out of reach, or what was known of it was given up. */
  get valid(): boolean {
    return this.#validFor === this.#now
  }

  get #now(): string {
    return `${this.#options.reach.outages} ${this.#generation}`
  }

  get tookMs(): number {
    return this.#tookMs
  }

  /** Something may have changed there: have a look. */
  ring(): void {
    this.#wake.ring()
  }

  /** Nothing that was seen before counts any more. */
  invalidate(): void {
    this.#generation += 1
    this.#wake.ring()
  }

  async run(): Promise<void> {
    const { reach, signal, onCompared, onFailure } = this.#options
    while (!signal.aborted) {
      await reach.untilUp(signal)
      if (this.#comparison) await this.untilCalm(patience * this.#options.everyMs)
      const begun = this.#now
      const startedAt = performance.now()
      try {
        await this.#judge(() => compare(this.#options, this.valid ? 'stale' : 'consistent'))
        this.#validFor = begun
        onCompared()
      } catch (error) {
        if (!signal.aborted) onFailure(error)
      }
      this.#tookMs = performance.now() - startedAt
      if (reach.up) await this.#untilNext()
    }
  }

  async #judge(judging: () => Promise<Comparison>): Promise<void> {
    const { applies, ledger } = this.#options
    if (!applies) for (const node of [...ledger.queue.keys(false)]) ledger.queue.take(node)
    this.#comparison = await judging()
    if (!applies) return
    const since = performance.now()
    for (const node of this.#comparison.differing) ledger.queue.add(node, undefined, { urgent: false, since })
  }

  /** Reading everything while a whole fleet is being written would slow down both, and prove nothing. */
  async untilCalm(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { applies, ledger, signal } = this.#options
    const until = performance.now() + withinMs
    const isCalm = () => this.#comparison !== undefined && (!applies || ledger.queue.size <= busy)
    while (!isCalm() && performance.now() < until && !signal.aborted) await pause(lookEveryMs, signal)
  }

  async #untilNext(): Promise<void> {
    const { everyMs, applies, ledger, signal, onCompared } = this.#options
    const until = performance.now() + everyMs
    while (!signal.aborted) {
      const left = until - performance.now()
      if (left <= 0 || (await this.#wake.next(applies ? left : Math.min(left, observeEveryMs), signal))) return
      if (applies || ledger.queue.size === 0) continue
      await this.#judge(() => judgeAll(ledger))
      onCompared()
    }
  }
}
