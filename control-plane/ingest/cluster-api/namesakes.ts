import type { InstanceBelief } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import { qualifiedId } from './identity.ts'

/** Which instances call themselves by the same id: `id` itself and every `id@node`. Follows the fleet until closed. */
export class Namesakes implements Disposable {
  readonly #fleet: FleetView
  readonly #qualified = new Map<string, Set<string>>()
  readonly #unwatch: () => void

  constructor(fleet: FleetView) {
    this.#fleet = fleet
    for (const id of fleet.instances.keys()) this.#note(id)
    this.#unwatch = fleet.watch(({ instances }) => {
      for (const id of instances) this.#note(id)
    })
  }

  of(id: string): readonly InstanceBelief[] {
    const others = this.#qualified.get(id)
    const first = this.#fleet.instances.get(id)
    // Nearly always it is the only one of its name.
    if (!others) return first ? [first] : []
    const ids = [id, ...others]
    return ids.flatMap((each) => this.#fleet.instances.get(each) ?? [])
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }

  #note(id: string): void {
    const at = id.lastIndexOf('@')
    if (at < 0) return
    const base = id.slice(0, at)
    const known = this.#fleet.instances.get(id)
    // A client may have an @ in an id of its own.
    if (known && id === qualifiedId(base, known.node))
      this.#qualified.getOrInsertComputed(base, () => new Set()).add(id)
    else if (this.#qualified.get(base)?.delete(id) && this.#qualified.get(base)?.size === 0)
      this.#qualified.delete(base)
  }
}
