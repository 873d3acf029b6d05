import type { FleetView } from './fleet.ts'
import { KindIds } from './kind-ids.ts'

/** Ids in their order. */
export class SortedIds {
  readonly #ids = new KindIds<true>()
  #all: readonly string[] | undefined

  /** Takes in whether an id is there; the same again changes nothing. */
  put(id: string, there: boolean): void {
    if (this.#ids.put(id, there || undefined)) this.#all = undefined
  }

  /** The same array until one comes or goes. */
  all(): readonly string[] {
    this.#all ??= this.#ids.all()
    return this.#all
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
