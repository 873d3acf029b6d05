import type { Machine } from './machine.ts'

/** The machines of a site, by how they are. */
export type Site = {
  readonly id: string
  /** All that are known. */
  readonly size: number
  /** Out of contact, by id. */
  readonly away: ReadonlyMap<string, Machine>
  /** In contact still, but not heard of lately, by id. */
  readonly overdue: ReadonlyMap<string, Machine>
}

export type Sites = {
  get(site: string): Site | undefined
  /** Those with a machine that is away or overdue: mostly none, however many there are. */
  readonly troubled: Iterable<Site>
  /** How many sites have one machine only. */
  readonly ofOne: number
}

type Kept = {
  readonly id: string
  size: number
  readonly away: Map<string, Machine>
  readonly overdue: Map<string, Machine>
}

/** Sites, kept up with each machine that changes: what is asked of them costs what is wrong there, not what they are. */
export class SiteIndex implements Sites {
  readonly #sites = new Map<string, Kept>()
  readonly #troubled = new Set<Kept>()
  #ofOne = 0

  get(site: string): Site | undefined {
    return this.#sites.get(site)
  }

  get troubled(): Iterable<Site> {
    return this.#troubled
  }

  get ofOne(): number {
    return this.#ofOne
  }

  /** @param before what it was, undefined: it is new; after: undefined: it is gone */
  put(before: Machine | undefined, after: Machine | undefined): void {
    if (before) this.#change(before, -1)
    if (after) this.#change(after, 1)
  }

  #change(machine: Machine, by: 1 | -1): void {
    const { id, site } = machine
    const kept = this.#sites.getOrInsertComputed(site, () => ({
      id: site,
      size: 0,
      away: new Map(),
      overdue: new Map(),
    }))
    if (kept.size === 1) this.#ofOne -= 1
    kept.size += by
    if (kept.size === 1) this.#ofOne += 1
    kept.away.delete(id)
    kept.overdue.delete(id)
    if (by === 1 && machine.lostAt !== undefined) kept.away.set(id, machine)
    else if (by === 1 && machine.overdue) kept.overdue.set(id, machine)
    if (kept.away.size + kept.overdue.size > 0) this.#troubled.add(kept)
    else this.#troubled.delete(kept)
    if (kept.size === 0) this.#sites.delete(site)
  }
}
