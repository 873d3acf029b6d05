import type { FleetView } from './fleet.ts'

/** Ids in their order. What comes and goes is put in its place when somebody looks, all at once. */
export class SortedIds {
  #ids: readonly string[] = []
  readonly #added = new Set<string>()
  readonly #removed = new Set<string>()

  /** Takes in whether an id is there; the same again changes nothing. */
  put(id: string, there: boolean): void {
    const listed = this.#ids[indexAfter(this.#ids, id) - 1] === id
    if (there) {
      this.#removed.delete(id)
      if (!listed) this.#added.add(id)
    } else {
      this.#added.delete(id)
      if (listed) this.#removed.add(id)
    }
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

/** The ids of a fleet's nodes and instances in their order. Follows the fleet until closed. */
export class FleetIds implements Disposable {
  readonly #nodes = new SortedIds()
  readonly #instances = new SortedIds()
  readonly #unwatch: () => void

  constructor(fleet: Pick<FleetView, 'nodes' | 'instances' | 'watch'>) {
    for (const id of fleet.nodes.keys()) this.#nodes.put(id, true)
    for (const id of fleet.instances.keys()) this.#instances.put(id, true)
    this.#unwatch = fleet.watch(({ nodes, instances }) => {
      for (const id of nodes) this.#nodes.put(id, fleet.nodes.has(id))
      for (const id of instances) this.#instances.put(id, fleet.instances.has(id))
    })
  }

  nodes(): readonly string[] {
    return this.#nodes.all()
  }

  instances(): readonly string[] {
    return this.#instances.all()
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }
}

/** Where in sorted ids the first one after `id` is, whether or not that is there. */
export function indexAfter(sorted: readonly string[], id: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? '') <= id) low = middle + 1
    else high = middle
  }
  return low
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
