/** Ids in their order. What comes and goes is put in its place when somebody looks, all at once. */
export class SortedIds {
  #ids: readonly string[] = []
  readonly #added = new Set<string>()
  readonly #removed = new Set<string>()

  /** Of an id that is not in it. */
  add(id: string): void {
    if (!this.#removed.delete(id)) this.#added.add(id)
  }

  /** Of an id that is in it. */
  delete(id: string): void {
    if (!this.#added.delete(id)) this.#removed.add(id)
  }

  all(): readonly string[] {
    if (this.#added.size === 0 && this.#removed.size === 0) return this.#ids
    const kept = this.#removed.size === 0 ? this.#ids : this.#ids.filter((id) => !this.#removed.has(id))
    this.#ids = merged(kept, [...this.#added].sort())
    this.#added.clear()
    this.#removed.clear()
    return this.#ids
  }
}

function merged(a: readonly string[], b: readonly string[]): readonly string[] {
  if (b.length === 0) return a
  const all: string[] = []
  let at = 0
  for (const id of a) {
    for (let next = b[at]; next !== undefined && next < id; next = b[at]) {
      all.push(next)
      at += 1
    }
    all.push(id)
  }
  for (const id of b.slice(at)) all.push(id)
  return all
}

/** Where in a sorted list the first one after `id` is. */
export function indexAfter<T>(sorted: readonly T[], id: string, idOf: (item: T) => string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = sorted[middle]
    if (item !== undefined && idOf(item) <= id) low = middle + 1
    else high = middle
  }
  return low
}
