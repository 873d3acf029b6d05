import type { InstanceBelief } from '../../fleet/belief.ts'
import type { FleetChange, FleetView } from '../../fleet/fleet.ts'
import { type Lead, leads } from './merge.ts'

/** Services of which the list is kept. */
const usuallyKept = 200

/**
 * The entries of services, kept for as long as nothing comes, goes or moves: who speaks for what follows from where everything is, and that
 * changes far more seldom than what is said of it.
 */
export class LeadLists {
  readonly #fleet: FleetView
  readonly #most: number
  readonly #lists = new Map<string | undefined, readonly Lead[]>()
  /** The instances that changed since lists are kept, as they are now. */
  readonly #seen = new Map<string, InstanceBelief>()

  constructor(fleet: FleetView, most = usuallyKept) {
    this.#fleet = fleet
    this.#most = most
  }

  /** @param service undefined: all */
  of(service: string | undefined): readonly Lead[] {
    const known = this.#lists.get(service)
    if (known) return known
    const made = leads(this.#fleet, service)
    this.#lists.set(service, made)
    const [oldest] = this.#lists.keys()
    if (this.#lists.size > this.#most) this.#lists.delete(oldest)
    return made
  }

  /** To be told of each change of the fleet, before lists are asked for again. True: something came, went or moved. */
  changed({ instances, foreign }: Pick<FleetChange, 'instances' | 'foreign'>): boolean {
    let moved = foreign.size > 0
    for (const id of instances) {
      const before = this.#seen.get(id)
      const after = this.#fleet.instances.get(id)
      if (after) this.#seen.set(id, after)
      else this.#seen.delete(id)
      moved ||= !isAtSamePlace(before, after)
    }
    if (moved) this.#lists.clear()
    return moved
  }
}

function isAtSamePlace(a: InstanceBelief | undefined, b: InstanceBelief | undefined): boolean {
  if (!a || !b || a.origin !== b.origin) return false
  return a.spec.service === b.spec.service && a.spec.address === b.spec.address && a.spec.port === b.spec.port
}
