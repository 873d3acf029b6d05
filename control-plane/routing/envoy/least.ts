/** The least of many numbers that come and go one at a time. It keeps how often each occurs: of many Envoys most are at the same. */
export class Least {
  readonly #counts = new Map<number, number>()

  /** Undefined: there are none. */
  get value(): number | undefined {
    let least: number | undefined
    for (const value of this.#counts.keys()) if (least === undefined || value < least) least = value
    return least
  }

  add(value: number): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1)
  }

  /** Takes one of this value out, which must be among them. */
  remove(value: number): void {
    const count = this.#counts.get(value) ?? 0
    if (count > 1) this.#counts.set(value, count - 1)
    else this.#counts.delete(value)
  }
}
