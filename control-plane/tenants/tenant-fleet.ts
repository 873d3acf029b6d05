import type { Reason } from '#shared/protocol/reason.ts'
import type { InstallationBelief, InstanceBelief, NodeBelief } from '../fleet/belief.ts'
import type { Fleet, FleetChange, FleetView, FleetWatcher } from '../fleet/fleet.ts'
import { KeyIndex } from '../fleet/key-index.ts'
import type { NodeOrders } from '../fleet/orders.ts'
import type { Standing } from '../fleet/routable.ts'
import { Watchers } from '../fleet/watchers.ts'

export type WholeFleet = FleetView & Pick<Fleet, 'publishRemoval' | 'lift'>

/** What changed of what is one tenant's. */
export type OwnChange = Pick<FleetChange, 'nodes' | 'instances' | 'orders'> & { readonly removal: boolean }

const none: ReadonlySet<string> = new Set()

/**
 * The fleet as one tenant sees it: what is its own, and nothing else. Whatever is made of a fleet (lists, counts, explanations) is made of
 * this one in the same way, so that it cannot show more. Kept up by `TenantFleets`.
 */
export class TenantFleet implements WholeFleet {
  readonly foreign = new Map<never, never>()
  readonly settings = new Map<never, never>()
  readonly #whole: WholeFleet
  readonly #nodes = new Map<string, NodeBelief>()
  readonly #instances = new Map<string, InstanceBelief>()
  readonly #orders = new Map<string, NodeOrders>()
  readonly #byNode = new KeyIndex()
  readonly #byService = new KeyIndex()
  readonly #byEndpoint = new KeyIndex()
  readonly #watchers: Watchers
  #installation: { readonly of: InstallationBelief; readonly seen: InstallationBelief } | undefined

  constructor(whole: WholeFleet, onFault?: (error: unknown) => void) {
    this.#whole = whole
    this.#watchers = new Watchers(onFault)
  }

  get revision(): number {
    return this.#whole.revision
  }

  get complete(): boolean {
    return this.#whole.complete
  }

  get nodes(): ReadonlyMap<string, NodeBelief> {
    return this.#nodes
  }

  get instances(): ReadonlyMap<string, InstanceBelief> {
    return this.#instances
  }

  get orders(): ReadonlyMap<string, NodeOrders> {
    return this.#orders
  }

  /** That everything is frozen concerns all; which machines of others are held does not. */
  get installation(): InstallationBelief {
    const of = this.#whole.installation
    if (this.#installation?.of !== of) this.#installation = { of, seen: { ...of, holds: new Map() } }
    return this.#installation.seen
  }

  instancesOfNode(node: string): ReadonlySet<string> {
    return this.#byNode.get(node)
  }

  instancesOfService(service: string): ReadonlySet<string> {
    return this.#byService.get(service)
  }

  instancesAt(address: string, port: number): ReadonlySet<string> {
    return this.#byEndpoint.get(`${address} ${port}`)
  }

  foreignOfService(): ReadonlySet<string> {
    return none
  }

  foreignAt(): ReadonlySet<string> {
    return none
  }

  services(): Iterable<string> {
    return this.#byService.keys()
  }

  /** Whose what has departed was is not remembered. */
  hasDeparted(): boolean {
    return false
  }

  standing(id: string): Standing | undefined {
    return this.#instances.has(id) ? this.#whole.standing(id) : undefined
  }

  publishRemoval(id: string, why: Reason): void {
    if (this.#instances.has(id)) this.#whole.publishRemoval(id, why)
  }

  lift(id: string): void {
    if (this.#instances.has(id)) this.#whole.lift(id)
  }

  watch(watcher: FleetWatcher): () => void {
    return this.#watchers.add(watcher)
  }

  /** @param node undefined: it is not there, or somebody else's by now */
  putNode(id: string, node: NodeBelief | undefined): void {
    if (node) this.#nodes.set(id, node)
    else this.#nodes.delete(id)
    this.putOrders(id, node && this.#whole.orders.get(id))
  }

  putOrders(node: string, orders: NodeOrders | undefined): void {
    if (orders) this.#orders.set(node, orders)
    else this.#orders.delete(node)
  }

  /** Answers with the services that this concerns. */
  putInstance(id: string, after: InstanceBelief | undefined): readonly string[] {
    const before = this.#instances.get(id)
    if (after) this.#instances.set(id, after)
    else this.#instances.delete(id)
    this.#byNode.move(id, before?.node, after?.node)
    this.#byService.move(id, before?.spec.service, after?.spec.service)
    this.#byEndpoint.move(id, before && endpointKey(before), after && endpointKey(after))
    return [before?.spec.service ?? [], after?.spec.service ?? []].flat()
  }

  tell(change: Partial<FleetChange>): void {
    this.#watchers.tell({
      revision: this.#whole.revision,
      nodes: none,
      instances: none,
      foreign: none,
      services: none,
      orders: none,
      settings: none,
      installation: false,
      removal: false,
      ...change,
    })
  }
}

function endpointKey({ spec }: InstanceBelief): string {
  return `${spec.address} ${spec.port}`
}
