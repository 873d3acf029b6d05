/** So many callers may stay at once; who comes beyond is told so. */
export class Seats {
  readonly most: number
  #taken = 0
  #refused = 0

  constructor(most: number) {
    this.most = most
  }

  get taken(): number {
    return this.#taken
  }

  /** Callers for whom there was none since the start. */
  get refused(): number {
    return this.#refused
  }

  /** Undefined: there is none left. Disposing gives it back. */
  take(): Disposable | undefined {
    if (this.#taken >= this.most) {
      this.#refused += 1
      return undefined
    }
    this.#taken += 1
    let held = true
    return {
      [Symbol.dispose]: () => {
        if (held) this.#taken -= 1
        held = false
      },
    }
  }
}
