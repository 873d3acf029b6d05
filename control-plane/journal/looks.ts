import type { JournalEntry } from '../fleet/event.ts'

/** Who waits to see the fleet right after which entry. */
export class Looks {
  readonly #waiting = new Map<number, Set<() => void>>()

  add(revision: number, look: () => void): void {
    const known = this.#waiting.get(revision) ?? new Set()
    this.#waiting.set(revision, known.add(look))
  }

  delete(revision: number, look: () => void): void {
    const known = this.#waiting.get(revision)
    known?.delete(look)
    if (known?.size === 0) this.#waiting.delete(revision)
  }

  /** Consecutive entries cut after each one that somebody waits for. */
  pieces(entries: readonly JournalEntry[]): readonly (readonly JournalEntry[])[] {
    const [first] = entries
    if (!first || this.#waiting.size === 0) return [entries]
    const cuts = [...this.#waiting.keys()]
      .map((revision) => revision - first.revision + 1)
      .filter((count) => count > 0 && count < entries.length)
      .sort((a, b) => a - b)
    return [0, ...cuts].map((from, index) => entries.slice(from, cuts[index]))
  }

  /** Everybody who waits for this revision looks now. */
  reached(revision: number): void {
    for (const look of this.#waiting.get(revision) ?? []) look()
    this.#waiting.delete(revision)
  }
}
