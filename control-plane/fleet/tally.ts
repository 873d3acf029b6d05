import type { Contact, Health } from './belief.ts'
import type { Routing } from './routable.ts'
import type { FleetView } from './view.ts'

type Counted = { readonly health: Health; readonly routable: Routing }

/** How many nodes and instances are how, kept up with each change: asking costs the same however large the fleet is. */
export class FleetTally implements Disposable {
  readonly #fleet: Pick<FleetView, 'nodes' | 'instances' | 'standing' | 'watch'>
  readonly #nodes = new Map<string, Contact>()
  readonly #instances = new Map<string, Counted>()
  readonly #contacts: Record<Contact, number> = { connected: 0, suspect: 0, lost: 0, none: 0 }
  readonly #healths: Record<Health, number> = { passing: 0, warning: 0, critical: 0, unknown: 0 }
  readonly #routables: Record<Routing, number> = { yes: 0, last: 0, no: 0 }
  readonly #unwatch: () => void

  constructor(fleet: Pick<FleetView, 'nodes' | 'instances' | 'standing' | 'watch'>) {
    this.#fleet = fleet
    for (const id of fleet.nodes.keys()) this.#seeNode(id)
    for (const id of fleet.instances.keys()) this.#see(id)
    this.#unwatch = fleet.watch(({ nodes, instances }) => {
      for (const id of nodes) this.#seeNode(id)
      for (const id of instances) this.#see(id)
    })
  }

  get contacts(): Readonly<Record<Contact, number>> {
    return this.#contacts
  }

  get healths(): Readonly<Record<Health, number>> {
    return this.#healths
  }

  get routables(): Readonly<Record<Routing, number>> {
    return this.#routables
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }

  #seeNode(id: string): void {
    const before = this.#nodes.get(id)
    const after = this.#fleet.nodes.get(id)?.contact
    if (before === after) return
    if (before !== undefined) this.#contacts[before] -= 1
    if (after === undefined) this.#nodes.delete(id)
    else {
      this.#contacts[after] += 1
      this.#nodes.set(id, after)
    }
  }

  #see(id: string): void {
    const before = this.#instances.get(id)
    const health = this.#fleet.instances.get(id)?.health
    const routable = this.#fleet.standing(id)?.routable
    if (before && before.health === health && before.routable === routable) return
    if (before) this.#count(before, -1)
    if (health === undefined || routable === undefined) {
      this.#instances.delete(id)
      return
    }
    const after = alike[`${health} ${routable}`]
    this.#count(after, 1)
    this.#instances.set(id, after)
  }

  #count({ health, routable }: Counted, by: 1 | -1): void {
    this.#healths[health] += by
    this.#routables[routable] += by
  }
}

/** One object for all that are alike. */
const alike = Object.fromEntries(
  (['passing', 'warning', 'critical', 'unknown'] as const).flatMap((health) =>
    (['yes', 'last', 'no'] as const).map((routable) => [`${health} ${routable}`, { health, routable }]),
  ),
) as Readonly<Record<`${Health} ${Routing}`, Counted>>
