import type { Contact, NodeBelief } from './belief.ts'
import type { FleetView } from './view.ts'

/** The nodes with an agent of one site. */
export type SiteCount = {
  readonly site: string
  readonly nodes: number
  readonly contacts: Readonly<Record<Exclude<Contact, 'none'>, number>>
  /** Out of contact because they were stopped, and said so. */
  readonly stopped: number
  /** At the lowest priority since a hold ended. */
  readonly demoted: ReadonlySet<string>
  /** When the last change of a node's contact was, epoch milliseconds. */
  readonly since: number
}

type Kept = Omit<SiteCount, 'contacts' | 'demoted'> & {
  nodes: number
  stopped: number
  since: number
  readonly contacts: Record<Exclude<Contact, 'none'>, number>
  readonly demoted: Set<string>
}

type Fleet = Pick<FleetView, 'nodes' | 'watch'>

/** How the nodes of each site are, kept up with each change: asking costs as much as there are sites. */
export class SiteTally implements Disposable {
  readonly #fleet: Fleet
  readonly #nodes = new Map<string, NodeBelief>()
  readonly #sites = new Map<string, Kept>()
  readonly #unwatch: () => void

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    for (const id of fleet.nodes.keys()) this.#see(id)
    this.#unwatch = fleet.watch(({ nodes }) => {
      for (const id of nodes) this.#see(id)
    })
  }

  get sites(): ReadonlyMap<string, SiteCount> {
    return this.#sites
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }

  #see(id: string): void {
    const before = this.#nodes.get(id)
    const after = this.#fleet.nodes.get(id)
    if (before === after) return
    if (before) this.#count(before, -1)
    if (after) {
      this.#nodes.set(id, after)
      this.#count(after, 1)
    } else this.#nodes.delete(id)
  }

  #count({ spec, contact, contactSince, goodbye, demoted }: NodeBelief, by: 1 | -1): void {
    if (contact === 'none') return
    const { id, site } = spec
    const kept = this.#sites.getOrInsertComputed(site, () => ({
      site,
      nodes: 0,
      contacts: { connected: 0, suspect: 0, lost: 0 },
      stopped: 0,
      demoted: new Set(),
      since: 0,
    }))
    kept.nodes += by
    kept.contacts[contact] += by
    if (goodbye) kept.stopped += by
    if (by === 1) kept.since = Math.max(kept.since, contactSince)
    if (by === 1 && demoted) kept.demoted.add(id)
    else kept.demoted.delete(id)
    if (kept.nodes === 0) this.#sites.delete(site)
  }
}
