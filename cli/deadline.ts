/** A point in time that a command must not pass, by the monotonic clock. */
export class Deadline {
  readonly totalMs: number
  readonly #end: number

  constructor(totalMs: number) {
    this.totalMs = totalMs
    this.#end = performance.now() + totalMs
  }

  /** Milliseconds until then, at least 0. */
  leftMs(): number {
    return Math.max(0, this.#end - performance.now())
  }
}
