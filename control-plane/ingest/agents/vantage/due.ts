/** Ids that are due together: a quarter of a second. */
const slotMs = 250

/** When what is due next. To ask what is due costs nothing for what is not, so there may be a hundred thousand. Times in milliseconds. */
export class Due {
  readonly #slotOf = new Map<string, number>()
  readonly #slots = new Map<number, Set<string>>()
  /** Nothing is due before this slot. */
  #first = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#slotOf.size
  }

  has(id: string): boolean {
    return this.#slotOf.has(id)
  }

  set(id: string, at: number): void {
    this.delete(id)
    const slot = Math.floor(at / slotMs)
    this.#slotOf.set(id, slot)
    this.#slots.getOrInsertComputed(slot, () => new Set()).add(id)
    this.#first = Math.min(this.#first, slot)
  }

  delete(id: string): void {
    const slot = this.#slotOf.get(id)
    if (slot === undefined) return
    this.#slotOf.delete(id)
    const ids = this.#slots.get(slot)
    ids?.delete(id)
    if (ids?.size === 0) this.#slots.delete(slot)
  }

  /** Takes out what is due, the oldest first, at most so many. */
  take(now: number, most: number): readonly string[] {
    const taken: string[] = []
    const last = Math.floor(now / slotMs)
    for (; this.#slotOf.size > 0 && this.#first <= last; this.#first += 1) {
      for (const id of this.#slots.get(this.#first) ?? []) {
        if (taken.length >= most) return taken
        this.delete(id)
        taken.push(id)
      }
    }
    if (this.#slotOf.size === 0) this.#first = Number.POSITIVE_INFINITY
    return taken
  }
}
