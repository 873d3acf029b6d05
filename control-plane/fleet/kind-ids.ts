const mostInBlock = 512

type Block<K> = { readonly ids: string[]; readonly kinds: K[]; readonly counts: Map<K, number> }

/**
 * Ids in their order, each of one of a few kinds. What comes or goes costs the same however many there are, and so does finding the
 * n-th of some kinds: each block of ids knows how many it has of which.
 */
export class KindIds<K> {
  readonly #blocks: Block<K>[] = []
  readonly #counts = new Map<K, number>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** @param kind undefined: it is not there any more. Answers whether it came or went. */
  put(id: string, kind: K | undefined): boolean {
    const at = this.#blockFor(id)
    const block = this.#blocks[at]
    const place = block ? indexAfter(block.ids, id) - 1 : -1
    if (block && block.ids[place] === id) {
      this.#replace(at, block, place, kind)
      return kind === undefined
    }
    if (kind === undefined) return false
    this.#size += 1
    this.#count(this.#counts, kind, 1)
    if (!block) {
      this.#blocks.push({ ids: [id], kinds: [kind], counts: new Map([[kind, 1]]) })
      return true
    }
    block.ids.splice(place + 1, 0, id)
    block.kinds.splice(place + 1, 0, kind)
    this.#count(block.counts, kind, 1)
    if (block.ids.length > mostInBlock) this.#split(at, block)
    return true
  }

  /** How many are of the kinds that are wanted. */
  count(wanted: (kind: K) => boolean): number {
    return sumOf(this.#counts, wanted)
  }

  /** How many of them are not after `id`, which need not be there. */
  rank(id: string, wanted: (kind: K) => boolean): number {
    const last = this.#blockFor(id)
    let rank = 0
    for (let at = 0; at < last; at += 1) rank += sumOf(this.#blocks[at]?.counts, wanted)
    const block = this.#blocks[last]
    if (!block) return rank
    const end = indexAfter(block.ids, id)
    for (let place = 0; place < end; place += 1) if (wanted(block.kinds[place] as K)) rank += 1
    return rank
  }

  /** Those of them from the n-th on, n from 0. Not to be changed while it is gone through. */
  *from(start: number, wanted: (kind: K) => boolean): Generator<string, void> {
    let skip = start
    for (const { ids, kinds, counts } of this.#blocks) {
      const here = sumOf(counts, wanted)
      if (skip >= here) {
        skip -= here
        continue
      }
      for (let place = 0; place < ids.length; place += 1) {
        if (!wanted(kinds[place] as K)) continue
        if (skip > 0) skip -= 1
        else yield ids[place] as string
      }
    }
  }

  /** All of them. */
  all(): readonly string[] {
    return this.#blocks.flatMap(({ ids }) => ids)
  }

  #replace(at: number, block: Block<K>, place: number, kind: K | undefined): void {
    const before = block.kinds[place] as K
    if (before === kind) return
    this.#count(this.#counts, before, -1)
    this.#count(block.counts, before, -1)
    if (kind !== undefined) {
      block.kinds[place] = kind
      this.#count(this.#counts, kind, 1)
      this.#count(block.counts, kind, 1)
      return
    }
    this.#size -= 1
    block.ids.splice(place, 1)
    block.kinds.splice(place, 1)
    if (block.ids.length === 0) this.#blocks.splice(at, 1)
  }

  /** The last block that begins at or before an id, or the first one. */
  #blockFor(id: string): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#blocks[middle]?.ids[0] ?? '') <= id) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }

  #split(at: number, block: Block<K>): void {
    const half = block.ids.length >>> 1
    const later: Block<K> = { ids: block.ids.splice(half), kinds: block.kinds.splice(half), counts: new Map() }
    for (const kind of later.kinds) {
      this.#count(later.counts, kind, 1)
      this.#count(block.counts, kind, -1)
    }
    this.#blocks.splice(at + 1, 0, later)
  }

  #count(counts: Map<K, number>, kind: K, by: 1 | -1): void {
    const left = (counts.get(kind) ?? 0) + by
    if (left === 0) counts.delete(kind)
    else counts.set(kind, left)
  }
}

function sumOf<K>(counts: ReadonlyMap<K, number> | undefined, wanted: (kind: K) => boolean): number {
  let sum = 0
  for (const [kind, count] of counts ?? []) if (wanted(kind)) sum += count
  return sum
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
