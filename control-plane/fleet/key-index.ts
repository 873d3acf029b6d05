const none: ReadonlySet<string> = new Set()

/** Ids by a key that each of them has. */
export class KeyIndex {
  /** Where only one has a key, there is no set: a set takes four times what an entry does. */
  readonly #ids = new Map<string, string | Set<string>>()

  /** Those who have a key now; it may or may not follow what changes later. */
  get(key: string): ReadonlySet<string> {
    const ids = this.#ids.get(key)
    if (ids === undefined) return none
    return typeof ids === 'string' ? new Set([ids]) : ids
  }

  /** The keys that somebody has. */
  keys(): Iterable<string> {
    return this.#ids.keys()
  }

  /** Takes in that an id has another key; undefined: it has none, or is not there. */
  move(id: string, before: string | undefined, after: string | undefined): void {
    if (before === after) return
    if (before !== undefined) this.#leave(before, id)
    if (after !== undefined) this.#join(after, id)
  }

  #join(key: string, id: string): void {
    const ids = this.#ids.get(key)
    if (ids === undefined) this.#ids.set(key, id)
    else if (typeof ids !== 'string') ids.add(id)
    else if (ids !== id) this.#ids.set(key, new Set([ids, id]))
  }

  #leave(key: string, id: string): void {
    const ids = this.#ids.get(key)
    if (ids === id) this.#ids.delete(key)
    else if (ids instanceof Set && ids.delete(id) && ids.size === 0) this.#ids.delete(key)
  }
}
