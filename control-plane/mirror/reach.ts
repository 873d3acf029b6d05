import { Failure } from '#shared/failure/failure.ts'
import { backoffMs } from '#shared/lifecycle/backoff.ts'

/** Waits between attempts to reach a datacenter again. */
const backoff = { firstMs: 50, mostMs: 5_000 }

/** Whether a datacenter can be reached: one failure opens the circuit, one success closes it. */
export class Reach {
  #failures = 0
  #error: unknown
  #since: number | undefined

  get up(): boolean {
    return this.#failures === 0
  }

  /** Whether waiting alone will not help. */
  get needsPerson(): boolean {
    return this.#error instanceof Failure && !this.#error.retryable
  }

  get error(): unknown {
    return this.#error
  }

  /** Monotonic milliseconds since when it cannot be reached. */
  get downSince(): number | undefined {
    return this.#since
  }

  /** Milliseconds until the next attempt. */
  get waitMs(): number {
    return backoffMs(backoff, Math.max(1, this.#failures), Math.random())
  }

  /** @returns whether it was up until now */
  fail(error: unknown): boolean {
    this.#failures += 1
    this.#error = error
    this.#since ??= performance.now()
    return this.#failures === 1
  }

  /** @returns whether it was down until now */
  succeed(): boolean {
    const wasDown = this.#failures > 0
    this.#failures = 0
    this.#error = undefined
    this.#since = undefined
    return wasDown
  }
}
