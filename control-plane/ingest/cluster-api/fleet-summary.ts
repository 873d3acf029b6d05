import type { FleetView } from '../../fleet/fleet.ts'
import { KindIds } from '../../fleet/kind-ids.ts'
import type { ApiHealth, ApiStatus } from '../../fleet/routable.ts'
import { SortedIds } from '../../fleet/sorted-ids.ts'
import { type Conflict, Places, placeOf } from '../conflicts.ts'
import { clusterOf } from './row.ts'

/** What lists filter by, besides the service. The same object for all that are alike. */
export type Kind = {
  readonly type: string | undefined
  readonly cluster: string
  readonly status: ApiStatus
  readonly health: ApiHealth
}

type Entry = { readonly service: string; readonly kind: Kind }

/** What the fleet amounts to. */
export type Counts = {
  readonly services: {
    readonly total: number
    readonly names: number
    readonly by_status: Readonly<Record<ApiStatus, number>>
    readonly by_health: Readonly<Record<ApiHealth, number>>
  }
  readonly nodes: {
    readonly total: number
    readonly connected: number
    readonly suspect: number
    readonly lost: number
    /** Without an agent. */
    readonly none: number
  }
  /** Some of them. */
  readonly conflicts: readonly Conflict[]
  readonly conflicts_total: number
}

const mostConflicts = 100
const none = new KindIds<Kind>()

/**
 * The fleet counted and in order, kept up with each of its changes: asking costs the same however large it is. Follows the fleet until
 * closed.
 */
export class FleetSummary implements Disposable {
  readonly #fleet: FleetView
  readonly #kinds = new Map<string, Kind>()
  /** By service and kind; there are few. */
  readonly #alike = new Map<string, Entry>()
  readonly #entries = new Map<string, Entry>()
  readonly #instances = new KindIds<Kind>()
  readonly #ofService = new Map<string, KindIds<Kind>>()
  readonly #nodes = new SortedIds()
  readonly #contacts = new Map<string, 'connected' | 'suspect' | 'lost' | 'none'>()
  readonly #places = new Places()
  readonly #byStatus = { registered: 0, active: 0, inactive: 0, failed: 0 }
  readonly #byHealth = { healthy: 0, warning: 0, critical: 0, unknown: 0 }
  readonly #byContact = { connected: 0, suspect: 0, lost: 0, none: 0 }
  readonly #unwatch: () => void

  constructor(fleet: FleetView) {
    this.#fleet = fleet
    for (const id of fleet.nodes.keys()) this.#seeNode(id)
    for (const id of fleet.instances.keys()) this.#see(id)
    this.#unwatch = fleet.watch(({ instances, nodes }) => {
      for (const id of nodes) this.#seeNode(id)
      for (const id of instances) this.#see(id)
    })
  }

  counts(): Counts {
    return {
      services: {
        total: this.#entries.size,
        names: this.#ofService.size,
        by_status: { ...this.#byStatus },
        by_health: { ...this.#byHealth },
      },
      nodes: { total: this.#contacts.size, ...this.#byContact },
      conflicts: this.#places.some(mostConflicts),
      conflicts_total: this.#places.conflicts,
    }
  }

  /** In the order of their ids. */
  nodeIds(): readonly string[] {
    return this.#nodes.all()
  }

  /** All instances, or those of a service. */
  instances(service: string | undefined): KindIds<Kind> {
    return service === undefined ? this.#instances : (this.#ofService.get(service) ?? none)
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }

  #see(id: string): void {
    const before = this.#entries.get(id)
    const after = this.#entryOf(id)
    if (before !== after) this.#move(id, before, after)
    const instance = this.#fleet.instances.get(id)
    this.#places.put(id, instance && placeOf(instance, this.#fleet.nodes.get(instance.node)))
  }

  #move(id: string, before: Entry | undefined, after: Entry | undefined): void {
    if (before) this.#count(before.kind, -1)
    if (after) this.#count(after.kind, 1)
    this.#instances.put(id, after?.kind)
    if (before && before.service !== after?.service) this.#leave(before.service, id)
    if (after) {
      this.#entries.set(id, after)
      this.#ofService.getOrInsertComputed(after.service, () => new KindIds<Kind>()).put(id, after.kind)
    } else this.#entries.delete(id)
  }

  #leave(service: string, id: string): void {
    const ids = this.#ofService.get(service)
    ids?.put(id, undefined)
    if (ids?.size === 0) this.#ofService.delete(service)
  }

  #entryOf(id: string): Entry | undefined {
    const instance = this.#fleet.instances.get(id)
    const standing = this.#fleet.standing(id)
    if (!instance || !standing) return undefined
    const { service, type } = instance.spec
    const { status, health } = standing
    const cluster = clusterOf(instance, this.#fleet.nodes.get(instance.node))
    const alike = `${status} ${health}\n${cluster}\n${type === undefined ? '' : `=${type}`}`
    const kind = this.#kinds.getOrInsertComputed(alike, () => ({ type, cluster, status, health }))
    return this.#alike.getOrInsertComputed(`${service}\n${alike}`, () => ({ service, kind }))
  }

  #count({ status, health }: Kind, by: 1 | -1): void {
    this.#byStatus[status] += by
    this.#byHealth[health] += by
  }

  #seeNode(id: string): void {
    const before = this.#contacts.get(id)
    const after = this.#fleet.nodes.get(id)?.contact
    if (before === after) return
    if (before !== undefined) this.#byContact[before] -= 1
    if (after === undefined) this.#contacts.delete(id)
    else {
      this.#byContact[after] += 1
      this.#contacts.set(id, after)
    }
    this.#nodes.put(id, after !== undefined)
  }
}
