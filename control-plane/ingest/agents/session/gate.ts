/** Lets at most so many in at once; the others wait their turn, in the order in which they came. */
export class Gate {
  readonly #most: number
  #waiting: (() => void)[] = []
  /** Those before it have had their turn. */
  #first = 0
  #inside = 0
  #closed = false

  constructor(most: number) {
    this.#most = most
  }

  get waiting(): number {
    return this.#waiting.length - this.#first
  }

  /** Undefined: one is inside. A promise: one is when it resolves. Whoever was let in leaves. */
  enter(): Promise<void> | undefined {
    if (this.#inside < this.#most || this.#closed) {
      this.#inside += 1
      return undefined
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  leave(): void {
    // Who waits takes the place at once, so that nobody slips in between.
    const next = this.#waiting[this.#first]
    if (!next) {
      this.#inside -= 1
      return
    }
    this.#first += 1
    // Not at each turn: moving what is left costs as much as there is.
    if (this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    next()
  }

  /** Lets everybody in: there is nothing to wait for any more. */
  close(): void {
    this.#closed = true
    const waiting = this.#waiting.slice(this.#first)
    this.#waiting = []
    this.#first = 0
    this.#inside += waiting.length
    for (const each of waiting) each()
  }
}
