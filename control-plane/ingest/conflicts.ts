import type { InstanceBelief, NodeBelief } from '../fleet/belief.ts'
import { isOnlyLocal } from './local-address.ts'

/** Live instances that say they are at the same address and port. */
export type Conflict = { readonly address: string; readonly port: number; readonly instances: readonly string[] }

/**
 * Where an instance is, so that two at one place are a conflict; undefined: it is not alive. A loopback address is another place on
 * each machine.
 */
export function placeOf(instance: InstanceBelief, node: NodeBelief | undefined): string | undefined {
  const { spec, death, silent, health } = instance
  if (death || silent || health === 'critical') return undefined
  const machine = isOnlyLocal(spec.address) ? (node?.spec.machine ?? instance.node) : ''
  return `${machine} ${spec.address} ${spec.port}`
}

/** Who is where. Two live instances cannot share an address and port; two agents on one address are no conflict. */
export class Places {
  readonly #of = new Map<string, string>()
  /** Most places have one instance. */
  readonly #at = new Map<string, string | Set<string>>()
  readonly #shared = new Set<string>()

  /** @param place undefined: nowhere, or not alive */
  put(id: string, place: string | undefined): void {
    const before = this.#of.get(id)
    if (before === place) return
    if (before !== undefined) this.#leave(id, before)
    if (place !== undefined) this.#enter(id, place)
  }

  /** How many there are. */
  get conflicts(): number {
    return this.#shared.size
  }

  /** Some of them, at most `limit`, by their places. */
  some(limit: number): readonly Conflict[] {
    const places = this.#shared.values().take(limit).toArray().sort()
    return places.map((place) => {
      const [, address = '', port] = place.split(' ')
      const there = this.#at.get(place)
      return { address, port: Number(port), instances: there instanceof Set ? [...there].sort().slice(0, limit) : [] }
    })
  }

  #enter(id: string, place: string): void {
    this.#of.set(id, place)
    const there = this.#at.get(place)
    if (there === undefined) this.#at.set(place, id)
    else if (there instanceof Set) there.add(id)
    else {
      this.#at.set(place, new Set([there, id]))
      this.#shared.add(place)
    }
  }

  #leave(id: string, place: string): void {
    this.#of.delete(id)
    const there = this.#at.get(place)
    if (!(there instanceof Set)) {
      this.#at.delete(place)
      return
    }
    there.delete(id)
    const [left] = there
    if (there.size > 1 || left === undefined) return
    this.#at.set(place, left)
    this.#shared.delete(place)
  }
}
