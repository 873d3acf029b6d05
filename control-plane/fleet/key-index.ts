const none: ReadonlySet<string> = new Set()

/** Ids by a key that each of them has. */
export class KeyIndex {
  readonly #ids = new Map<string, Set<string>>()

  get(key: string): ReadonlySet<string> {
    return this.#ids.get(key) ?? none
  }

  /** The keys that somebody has. */
  keys(): Iterable<string> {
    return this.#ids.keys()
  }

  /** Takes in that an id has another key; undefined: it has none, or is not there. */
  move(id: string, before: string | undefined, after: string | undefined): void {
    if (before === after) return
    if (before !== undefined) this.#leave(before, id)
    if (after !== undefined) this.#ids.getOrInsertComputed(after, () => new Set()).add(id)
  }

  #leave(key: string, id: string): void {
    const ids = this.#ids.get(key)
    ids?.delete(id)
    if (ids?.size === 0) this.#ids.delete(key)
  }
}
