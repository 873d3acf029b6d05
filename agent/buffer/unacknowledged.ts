type Numbered = { readonly n: number }

/** Which records of a lane are not acknowledged, by their numbers, and which of these somebody tells at present. */
export class Unacknowledged {
  readonly #open = new Set<number>()
  readonly #held = new Set<number>()
  #lost = 0

  get size(): number {
    return this.#open.size
  }

  /** Given up for want of room. */
  get lost(): number {
    return this.#lost
  }

  /** Whether there is one that nobody tells. */
  get hasNews(): boolean {
    return this.#open.size > this.#held.size
  }

  has(n: number): boolean {
    return this.#open.has(n)
  }

  isHeld(n: number): boolean {
    return this.#held.has(n)
  }

  /** How many there are from `first` to `last`, both included. */
  countIn(first: number, last: number): number {
    let count = 0
    for (let n = first; n <= last; n += 1) if (this.#open.has(n)) count += 1
    return count
  }

  add(n: number): void {
    this.#open.add(n)
  }

  hold(n: number): void {
    if (this.#open.has(n)) this.#held.add(n)
  }

  release(n: number): void {
    this.#held.delete(n)
  }

  releaseAll(): void {
    this.#held.clear()
  }

  /** Takes one out. False: it was not there. */
  acknowledge(n: number): boolean {
    this.#held.delete(n)
    return this.#open.delete(n)
  }

  /** Takes out and counts what is in `before` and no longer in `after`. */
  giveUp(before: readonly Numbered[], after: readonly Numbered[]): void {
    const kept = new Set(after.map(({ n }) => n))
    for (const { n } of before) if (!kept.has(n) && this.acknowledge(n)) this.#lost += 1
  }
}
