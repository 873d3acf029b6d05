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

/** Compares a datacenter with the fleet when rung, when it is back, and on the timetable. */
export class CompareLoop {
  readonly #options: CompareLoopOptions
  readonly #wake = new Wake()
  #comparison: Comparison | undefined
  #validAt: number | undefined
  #tookMs = 0

  constructor(options: CompareLoopOptions) {
    this.#options = options
  }

  /** The last comparison; undefined: there was none yet. */
  get comparison(): Comparison | undefined {
    return this.#comparison
  }

  /** Whether the datacenter was compared since it was last out of reach. */
  get valid(): boolean {
    return this.#validAt === this.#options.reach.outages
  }

  get tookMs(): number {
    return this.#tookMs
  }

  ring(): void {
    this.#wake.ring()
  }

  async run(): Promise<void> {
    const { reach, signal, onCompared, onFailure } = this.#options
    while (!signal.aborted) {
      await reach.untilUp(signal)
      const { outages } = reach
      const startedAt = performance.now()
      try {
        await this.#judge(() => compare(this.#options, this.valid ? 'stale' : 'default'))
        this.#validAt = outages
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
