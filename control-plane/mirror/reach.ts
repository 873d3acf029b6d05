import { Failure } from '#shared/failure/failure.ts'
import { backoffMs } from '#shared/lifecycle/backoff.ts'

/** Waits between attempts to reach a datacenter again. */
const backoff = { firstMs: 50, mostMs: 5_000 }

/** Whether a datacenter can be reached: one failure opens the circuit, one success closes it. */
export class Reach {
  #failures = 0
  #outages = 0
  #error: unknown
  readonly #waiting = new Set<() => void>()

  get up(): boolean {
    return this.#failures === 0
  }

  /** How often it has failed so far: equal before and after means that nothing happened between. */
  get outages(): number {
    return this.#outages
  }

  /** Whether waiting alone will not help. */
  get needsPerson(): boolean {
    return this.#error instanceof Failure && !this.#error.retryable
  }

  get error(): unknown {
    return this.#error
  }

  /** Milliseconds until the next attempt. */
  get waitMs(): number {
    return backoffMs(backoff, Math.max(1, this.#failures), Math.random())
  }

  /** @returns whether it was up until now */
  fail(error: unknown): boolean {
    this.#failures += 1
    this.#outages += 1
    this.#error = error
    return this.#failures === 1
  }

  /** @returns whether it was down until now */
  succeed(): boolean {
    const wasDown = this.#failures > 0
    this.#failures = 0
    this.#error = undefined
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
    return wasDown
  }

  /** Resolves when it is up, or when `stop` is signalled. */
  async untilUp(stop: AbortSignal): Promise<void> {
    while (!this.up && !stop.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          stop.removeEventListener('abort', done)
          resolve()
        }
        stop.addEventListener('abort', done)
        this.#waiting.add(done)
      })
    }
  }
}
