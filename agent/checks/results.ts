import type { Verdict } from '#shared/protocol/check.ts'

/** What one run of a check found. `at` by the monotonic clock, in milliseconds. */
export type Result = {
  readonly at: number
  readonly verdict: Verdict
  readonly tookMs: number
  readonly said?: string | undefined
}

export const mostResults = 20

/** The last results of a check. */
export class Results {
  readonly #results: Result[] = []

  add(result: Result): void {
    this.#results.push(result)
    if (this.#results.length > mostResults) this.#results.shift()
  }

  get newestFirst(): readonly Result[] {
    return this.#results.toReversed()
  }
}
