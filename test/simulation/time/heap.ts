/** What comes first is taken first; what comes at the same time, in the order in which it was put. */
export class Heap<T extends { readonly at: number; readonly order: number }> {
  #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  get first(): T | undefined {
    return this.#items[0]
  }

  put(item: T): void {
    const items = this.#items
    let place = items.length
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = items[above]
      if (!parent || isBefore(parent, item)) break
      items[place] = parent
      place = above
    }
    items[place] = item
  }

  take(): T | undefined {
    const items = this.#items
    const [top] = items
    const last = items.pop()
    if (!top || !last || items.length === 0) return top
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      let child = items[below]
      const right = items[below + 1]
      if (child && right && isBefore(right, child)) {
        child = right
        below += 1
      }
      if (!child || isBefore(last, child)) break
      items[place] = child
      place = below
    }
    items[place] = last
    return top
  }

  /** Takes out all that `which` names. */
  takeAll(which: (item: T) => boolean): readonly T[] {
    const taken = this.#items.filter(which)
    if (taken.length === 0) return taken
    const rest = this.#items.filter((item) => !which(item))
    this.#items = []
    for (const item of rest) this.put(item)
    return taken
  }
}

function isBefore<T extends { readonly at: number; readonly order: number }>(a: T, b: T): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
