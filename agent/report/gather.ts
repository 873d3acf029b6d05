/**
 * Calls `send` at once for the first ring, and once for all the rings that follow within `ms` milliseconds of the last call.
 * Leaving its block forgets a call that is due.
 */
export class Gather implements Disposable {
  readonly #send: () => void
  readonly #ms: number
  #timer: NodeJS.Timeout | undefined
  #sentAt = Number.NEGATIVE_INFINITY

  constructor(send: () => void, ms: number) {
    this.#send = send
    this.#ms = ms
  }

  ring(): void {
    if (this.#timer !== undefined) return
    const waitMs = this.#sentAt + this.#ms - performance.now()
    if (waitMs <= 0) this.#call()
    else this.#timer = setTimeout(() => this.#call(), waitMs)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #call(): void {
    this[Symbol.dispose]()
    this.#sentAt = performance.now()
    this.#send()
  }
}
