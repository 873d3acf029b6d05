import type { FleetChange } from '../fleet/fleet.ts'
import { tenantOfInstance, tenantOfNode } from '../fleet/owner.ts'
import { ownBelief } from './own-words.ts'
import { TenantFleet, type WholeFleet } from './tenant-fleet.ts'

type Touched = {
  readonly nodes: Set<string>
  readonly instances: Set<string>
  readonly services: Set<string>
  readonly orders: Set<string>
}

/**
 * The fleet of each tenant, kept up with each change of the whole one: what a change costs is what it touched, however many tenants there
 * are. Follows the fleet until closed.
 */
export class TenantFleets implements Disposable {
  readonly #whole: WholeFleet
  readonly #onFault: ((error: unknown) => void) | undefined
  readonly #fleets = new Map<string, TenantFleet>()
  readonly #nodes = new Map<string, string>()
  readonly #instances = new Map<string, string>()
  readonly #unwatch: () => void

  constructor(whole: WholeFleet, onFault?: (error: unknown) => void) {
    this.#whole = whole
    this.#onFault = onFault
    this.#take({ nodes: whole.nodes.keys(), instances: whole.instances.keys(), orders: [] })
    this.#unwatch = whole.watch((change) => this.#follow(change))
  }

  /** What is one tenant's; whoever has nothing has an empty fleet. */
  of(tenant: string): TenantFleet {
    return this.#fleets.getOrInsertComputed(tenant, () => new TenantFleet(this.#whole, this.#onFault))
  }

  /** Whether somebody else has an instance of a service, here or in a Consul. Consul makes no difference between letters' cases. */
  othersServe(tenant: string, service: string): boolean {
    const own = this.of(tenant)
    const name = service.toLowerCase()
    if (this.#whole.foreignOfService(service).size > 0) return true
    for (const each of this.#whole.services()) {
      if (each.toLowerCase() !== name) continue
      if (this.#whole.instancesOfService(each).size > own.instancesOfService(each).size) return true
    }
    return false
  }

  /** The service of an instance that is a tenant's own. */
  serviceOf(tenant: string, instance: string): string | undefined {
    return this.of(tenant).instances.get(instance)?.spec.service
  }

  /** Those who have a node or an instance, or were asked for. */
  names(): readonly string[] {
    return [...this.#fleets.keys()].sort()
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }

  #follow(change: FleetChange): void {
    for (const [tenant, touched] of this.#take(change)) {
      this.of(tenant).tell({ ...touched, removal: change.removal })
    }
    if (change.installation) for (const fleet of this.#fleets.values()) fleet.tell({ installation: true })
  }

  #take(change: {
    readonly nodes: Iterable<string>
    readonly instances: Iterable<string>
    readonly orders: Iterable<string>
  }): ReadonlyMap<string, Touched> {
    const touched = new Map<string, Touched>()
    const instances = new Set(change.instances)
    for (const id of change.nodes) {
      const { before, after } = this.#seeNode(id, touched)
      // What is on it goes with it.
      if (before !== after) for (const each of this.#whole.instancesOfNode(id)) instances.add(each)
    }
    for (const id of instances) this.#seeInstance(id, touched)
    for (const id of change.orders) {
      const owner = this.#nodes.get(id)
      if (owner === undefined) continue
      this.of(owner).putOrders(id, this.#whole.orders.get(id))
      touchedOf(owner, touched).orders.add(id)
    }
    return touched
  }

  #seeNode(id: string, touched: Map<string, Touched>) {
    const node = this.#whole.nodes.get(id)
    const before = this.#nodes.get(id)
    const after = tenantOfNode(node)
    if (before !== undefined && before !== after) {
      this.of(before).putNode(id, undefined)
      touchedOf(before, touched).nodes.add(id)
      this.#nodes.delete(id)
    }
    if (after !== undefined) {
      this.of(after).putNode(id, node)
      touchedOf(after, touched).nodes.add(id)
      this.#nodes.set(id, after)
    }
    return { before, after }
  }

  #seeInstance(id: string, touched: Map<string, Touched>): void {
    const instance = this.#whole.instances.get(id)
    const before = this.#instances.get(id)
    const after = instance && tenantOfInstance(instance, this.#whole.nodes.get(instance.node))
    const note = (owner: string, services: readonly string[]) => {
      const own = touchedOf(owner, touched)
      own.instances.add(id)
      for (const service of services) own.services.add(service)
    }
    if (before !== undefined && before !== after) {
      note(before, this.of(before).putInstance(id, undefined))
      this.#instances.delete(id)
    }
    if (after !== undefined) {
      const isOwn = (node: string) => this.#nodes.get(node) === after
      note(after, this.of(after).putInstance(id, instance && ownBelief(instance, isOwn)))
      this.#instances.set(id, after)
    }
  }
}

function touchedOf(tenant: string, touched: Map<string, Touched>): Touched {
  return touched.getOrInsertComputed(tenant, () => ({
    nodes: new Set(),
    instances: new Set(),
    services: new Set(),
    orders: new Set(),
  }))
}
