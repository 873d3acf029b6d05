import type { JournalEntry } from './event.ts'

/** The oldest ones are forgotten beyond this. */
const most = 100_000

/** Instances that were deregistered and did not come back: that they are not in the fleet has a cause. */
export class Departed {
  readonly #ids = new Set<string>()
  readonly #most: number
  #cleared = false

  constructor(limit = most) {
    this.#most = limit
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  add(id: string): void {
    this.#ids.delete(id)
    this.#ids.add(id)
    if (this.#ids.size <= this.#most) return
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest)
      return
    }
  }

  delete(id: string): void {
    this.#ids.delete(id)
  }

  /** What is taken in as older after this does not count either. */
  clear(): void {
    this.#cleared = true
    this.#ids.clear()
  }

  /** Takes in what had departed before everything else that this was told. */
  precede(older: Departed): void {
    if (this.#cleared) return
    for (const id of older.#ids) if (this.#ids.size < this.#most) this.#ids.add(id)
  }

  /** Takes in entries that are reduced already, in their order. */
  recall(entries: readonly JournalEntry[]): void {
    for (const { event } of entries) {
      const { change } = event
      if (change.kind === 'deregistered') this.add(change.instance)
      else if (change.kind === 'registered') this.delete(change.instance)
      // Who departed may have come back in what was lost.
      else if (change.kind === 'restored') this.clear()
    }
  }
}
