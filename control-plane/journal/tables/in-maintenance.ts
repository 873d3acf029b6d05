import type { FleetView } from '../../fleet/fleet.ts'
import { KeyIndex } from '../../fleet/key-index.ts'

/** Which instances are in maintenance, by their nodes: a node's row says whether all that is on it is. Nearly always there are none. */
export class InMaintenance {
  readonly #fleet: Pick<FleetView, 'instances'>
  readonly #nodes = new Map<string, string>()
  readonly #byNode = new KeyIndex()

  /** @param fleet loaded already */
  constructor(fleet: Pick<FleetView, 'instances'>) {
    this.#fleet = fleet
    for (const id of fleet.instances.keys()) this.changed(id)
  }

  /** Takes in what has changed of an instance. Answers the nodes of which this may change the row. */
  changed(id: string): readonly string[] {
    const instance = this.#fleet.instances.get(id)
    const before = this.#nodes.get(id)
    const after = instance?.admission.state === 'maintenance' ? instance.node : undefined
    if (before !== after) {
      this.#byNode.move(id, before, after)
      if (after === undefined) this.#nodes.delete(id)
      else this.#nodes.set(id, after)
    }
    const nodes = [before, after, instance && this.#byNode.get(instance.node).size > 0 ? instance.node : undefined]
    return nodes.filter((node) => node !== undefined)
  }
}
