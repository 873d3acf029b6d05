import type { Reason } from '#shared/protocol/reason.ts'
import {
  type ForeignBelief,
  foreignId,
  type InstallationBelief,
  type InstanceBelief,
  type NodeBelief,
  nothingHeld,
} from './belief.ts'
import { Departed } from './departed.ts'
import { type DocumentBelief, nextDocument } from './documents.ts'
import type { FleetEvent, JournalEntry, Subject } from './event.ts'
import { subjectOf } from './event.ts'
import { KeyIndex } from './key-index.ts'
import { type NodeOrders, nextOrders } from './orders.ts'
import { isCurrent, nextForeign, nextInstallation, nextInstance, nextNode } from './reduce.ts'
import { type Standing, standing } from './routable.ts'
import type { FleetState } from './state.ts'
import { Touched } from './touched.ts'
import type { FleetView, FleetWatcher, Outcome } from './view.ts'
import { Watchers } from './watchers.ts'

export type { FleetChange, FleetView, FleetWatcher, Outcome } from './view.ts'

/** The one truth: every belief, reduced from the journal in its order. Nothing else changes it. */
export class Fleet implements FleetView {
  #revision = 0
  #complete = false
  readonly #nodes = new Map<string, NodeBelief>()
  readonly #instances = new Map<string, InstanceBelief>()
  readonly #foreign = new Map<string, ForeignBelief>()
  #installation: InstallationBelief = nothingHeld
  readonly #orders = new Map<string, NodeOrders>()
  readonly #settings = new Map<string, DocumentBelief>()
  readonly #byNode = new KeyIndex()
  readonly #byService = new KeyIndex()
  readonly #byEndpoint = new KeyIndex()
  readonly #foreignByService = new KeyIndex()
  readonly #foreignByEndpoint = new KeyIndex()
  readonly #departed = new Departed()
  /** Dead endpoints whose event is not journalled yet. */
  readonly #overlay = new Map<string, Reason>()
  readonly #watchers: Watchers

  /** @param onFault hears of a watcher that threw; without it the fault becomes an uncaught exception */
  constructor(onFault?: (error: unknown) => void) {
    this.#watchers = new Watchers(onFault)
  }

  get revision(): number {
    return this.#revision
  }

  get complete(): boolean {
    return this.#complete
  }

  get nodes(): ReadonlyMap<string, NodeBelief> {
    return this.#nodes
  }

  get instances(): ReadonlyMap<string, InstanceBelief> {
    return this.#instances
  }

  get foreign(): ReadonlyMap<string, ForeignBelief> {
    return this.#foreign
  }

  get installation(): InstallationBelief {
    return this.#installation
  }

  get orders(): ReadonlyMap<string, NodeOrders> {
    return this.#orders
  }

  get settings(): ReadonlyMap<string, DocumentBelief> {
    return this.#settings
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

  foreignOfService(service: string): ReadonlySet<string> {
    return this.#foreignByService.get(service)
  }

  foreignAt(address: string, port: number): ReadonlySet<string> {
    return this.#foreignByEndpoint.get(`${address} ${port}`)
  }

  services(): Iterable<string> {
    return this.#byService.keys()
  }

  hasDeparted(instance: string): boolean {
    return !this.#instances.has(instance) && this.#departed.has(instance)
  }

  /** Takes in who had departed before the state that this was restored from. */
  recall(departed: Departed): void {
    this.#departed.precede(departed)
  }

  standing(id: string): Standing | undefined {
    const instance = this.#instances.get(id)
    if (!instance) return undefined
    const believed = standing(instance, this.#nodes.get(instance.node))
    const dead = this.#overlay.get(id)
    if (!dead || believed.routable === 'no') return believed
    return { routable: 'no', reason: dead, consul: 'critical', status: 'failed', health: 'critical' }
  }

  watch(watcher: FleetWatcher): () => void {
    return this.#watchers.add(watcher)
  }

  /**
   * Takes journal entries in their order and says what became of each. Entries at or below the revision are passed over
   * ('unchanged'), so that the same batch may arrive twice.
   */
  apply(entries: readonly JournalEntry[]): readonly Outcome[] {
    const touched = new Touched()
    const before = this.#revision
    const outcomes = entries.map((entry) => {
      if (entry.revision <= this.#revision) return 'unchanged'
      this.#revision = entry.revision
      return this.#step(entry, touched)
    })
    // Of a revision at which nothing changed too: somebody may wait until every sink has proven it.
    if (this.#revision > before || !touched.empty) this.#tell(touched)
    return outcomes
  }

  /**
   * Publishes the removal of a dead endpoint at once. The journalled event that says the same replaces it; `lift` takes it
   * back if that event was not accepted.
   */
  publishRemoval(id: string, why: Reason): void {
    if (this.standing(id)?.routable === 'no' || !this.#instances.has(id)) return
    this.#overlay.set(id, why)
    this.#tellOverlay(id, true)
  }

  lift(id: string): void {
    if (this.#overlay.delete(id)) this.#tellOverlay(id, false)
  }

  /** After this, conclusions may be drawn from what is not there. */
  markComplete(): void {
    this.#complete = true
  }

  /** Replaces everything by a stored state, and tells of all of it. Only before the first entry is applied. */
  restore({ revision, nodes, instances, foreign, orders = [], settings = [], installation }: FleetState): void {
    if (this.#revision !== 0) throw new Error('A fleet that has taken entries cannot be restored.')
    const touched = new Touched()
    this.#revision = revision
    this.#installation = installation
    touched.installation = true
    for (const node of nodes) {
      this.#nodes.set(node.spec.id, node)
      touched.nodes.add(node.spec.id)
    }
    for (const instance of instances) {
      this.#put(instance.spec.id, undefined, instance)
      touched.instance(instance.spec.id, instance, false)
    }
    for (const each of foreign) {
      const id = foreignId(each.spec)
      this.#putForeign(id, undefined, each)
      touched.foreign.add(id)
    }
    for (const each of orders) {
      this.#orders.set(each.node, each)
      touched.orders.add(each.node)
    }
    for (const each of settings) {
      this.#settings.set(each.scope, each)
      touched.settings.add(each.scope)
    }
    this.#tell(touched)
  }

  /** Everything, for a snapshot. */
  state(): FleetState {
    return {
      revision: this.#revision,
      nodes: [...this.#nodes.values()],
      instances: [...this.#instances.values()],
      foreign: [...this.#foreign.values()],
      orders: [...this.#orders.values()],
      settings: [...this.#settings.values()],
      installation: this.#installation,
    }
  }

  /** The revision of a subject's last change: what an event's author names as `seen`. 0: not there. */
  revisionOf(subject: Subject): number {
    switch (subject.kind) {
      case 'node':
        return this.#nodes.get(subject.id)?.revision ?? 0
      case 'instance':
        return this.#instances.get(subject.id)?.revision ?? 0
      case 'foreign':
        return this.#foreign.get(subject.id)?.revision ?? 0
      case 'orders':
        return this.#orders.get(subject.id)?.revision ?? 0
      case 'settings':
        return this.#settings.get(subject.id)?.revision ?? 0
      case 'installation':
        return this.#installation.revision
    }
  }

  #step({ revision, event }: JournalEntry, touched: Touched): Outcome {
    const subject = subjectOf(event.change)
    // Whatever became of the event, the author has spoken: the overlay has done its work.
    if (subject.kind === 'instance' && saysWhetherItLives(event)) this.#settle(subject.id, touched)
    if (!isCurrent(event, this.revisionOf(subject)) || this.#isLate(event)) return 'overtaken'
    const changed = this.#reduce(event, { at: event.at, by: event.by, revision }, touched)
    return changed ? 'changed' : 'unchanged'
  }

  /** Whether an agent said it in a session after which it has begun another one. */
  #isLate({ change }: FleetEvent): boolean {
    if (change.kind !== 'registered' && change.kind !== 'judged' && change.kind !== 'deregistered') return false
    const { session, instance } = change
    if (session === undefined) return false
    const node = change.kind === 'registered' ? change.node : this.#instances.get(instance)?.node
    const attached = node === undefined ? undefined : this.#nodes.get(node)?.attachment
    return attached !== undefined && attached.session !== session
  }

  #reduce({ change }: FleetEvent, context: { at: number; by: string; revision: number }, touched: Touched): boolean {
    switch (change.kind) {
      case 'node-joined':
      case 'node-attached':
      case 'contact-changed':
      case 'node-demoted':
      case 'node-admitted':
      case 'history-told':
      case 'node-assigned':
      case 'node-left': {
        const id = change.kind === 'node-joined' ? change.node.id : change.node
        const before = this.#nodes.get(id)
        const after = nextNode(before, change, context)
        if (before === after) return false
        touched.nodes.add(id)
        if (concernsInstances(before, after)) this.#touchInstancesOf(id, touched)
        if (after) this.#nodes.set(id, after)
        else {
          this.#nodes.delete(id)
          if (this.#orders.delete(id)) touched.orders.add(id)
        }
        return true
      }
      case 'registered':
      case 'judged':
      case 'death-confirmed':
      case 'fell-silent':
      case 'admitted':
      case 'deregistered': {
        const before = this.#instances.get(change.instance)
        const after = nextInstance(before, change, context)
        if (before === after) return false
        touched.instance(change.instance, before, this.#isRoutable(change.instance))
        this.#put(change.instance, before, after)
        if (after) touched.services.add(after.spec.service)
        return true
      }
      case 'foreign-found':
      case 'foreign-judged':
      case 'foreign-gone': {
        const before = this.#foreign.get(change.foreign)
        const after = nextForeign(before, change, context)
        if (before === after) return false
        touched.foreign.add(change.foreign)
        this.#putForeign(change.foreign, before, after)
        return true
      }
      case 'log-level-ordered':
      case 'restart-ordered':
      case 'restart-ended': {
        const before = this.#orders.get(change.node)
        const after = this.#nodes.has(change.node) ? nextOrders(before, change, context) : before
        if (!after || before === after) return false
        this.#orders.set(change.node, after)
        touched.orders.add(change.node)
        return true
      }
      case 'settings-written': {
        const before = this.#settings.get(change.scope)
        const after = nextDocument(before, change, context)
        if (before === after) return false
        this.#settings.set(change.scope, after)
        touched.settings.add(change.scope)
        return true
      }
      case 'frozen':
      case 'thawed':
      case 'hold-begun':
      case 'hold-ended':
      case 'restored': {
        // Who departed may have come back in what was lost.
        if (change.kind === 'restored') this.#departed.clear()
        const after = nextInstallation(this.#installation, change, context)
        if (after === this.#installation) return false
        this.#installation = after
        touched.installation = true
        return true
      }
    }
  }

  #touchInstancesOf(node: string, touched: Touched): void {
    for (const instance of this.instancesOfNode(node)) {
      touched.instance(instance, this.#instances.get(instance), this.#isRoutable(instance))
    }
  }

  #settle(id: string, touched: Touched): void {
    if (!this.#overlay.has(id)) return
    touched.instance(id, this.#instances.get(id), false)
    this.#overlay.delete(id)
  }

  #isRoutable(id: string): boolean {
    return (this.standing(id)?.routable ?? 'no') !== 'no'
  }

  #put(id: string, before: InstanceBelief | undefined, after: InstanceBelief | undefined): void {
    if (after) this.#instances.set(id, after)
    else this.#instances.delete(id)
    if (!after) this.#departed.add(id)
    else if (!before) this.#departed.delete(id)
    this.#byNode.move(id, before?.node, after?.node)
    this.#byService.move(id, before?.spec.service, after?.spec.service)
    this.#byEndpoint.move(id, before && endpointKey(before), after && endpointKey(after))
  }

  #putForeign(id: string, before: ForeignBelief | undefined, after: ForeignBelief | undefined): void {
    if (after) this.#foreign.set(id, after)
    else this.#foreign.delete(id)
    this.#foreignByService.move(id, before?.spec.service, after?.spec.service)
    this.#foreignByEndpoint.move(id, before && endpointKey(before), after && endpointKey(after))
  }

  #tellOverlay(id: string, removal: boolean): void {
    const touched = new Touched()
    touched.instance(id, this.#instances.get(id), false)
    this.#watchers.tell(touched.change(this.#revision, removal))
  }

  #tell(touched: Touched): void {
    let removal = false
    for (const [id, before] of touched.wereRoutable) {
      if (!this.#isRoutable(id) || !isSameEndpoint(before, this.#instances.get(id))) removal = true
    }
    this.#watchers.tell(touched.change(this.#revision, removal))
  }
}

function endpointKey({ spec }: { readonly spec: Pick<InstanceBelief['spec'], 'address' | 'port'> }): string {
  return `${spec.address} ${spec.port}`
}

/**
 * Whether what changed of a node says something else of what is on it: contact and admission are part of each instance's standing, place
 * and machine of where it is. A new session or a restarted agent alone says nothing, and ten thousand of them may come at once.
 */
function concernsInstances(a: NodeBelief | undefined, b: NodeBelief | undefined): boolean {
  if (!a || !b) return true
  const { site, cluster, machine, name } = a.spec
  const samePlace =
    site === b.spec.site && cluster === b.spec.cluster && machine === b.spec.machine && name === b.spec.name
  if (a.spec.tenant !== b.spec.tenant || a.assigned !== b.assigned) return true
  return !samePlace || a.contact !== b.contact || a.demoted !== b.demoted || a.admission !== b.admission
}

/** Whether an event's author speaks of the life of its instance, and not of its admission or declaration. */
function saysWhetherItLives({ change }: FleetEvent): boolean {
  return change.kind === 'judged' || change.kind === 'death-confirmed' || change.kind === 'deregistered'
}

/** Whether callers of both would reach the same process for the same service. */
function isSameEndpoint(a: InstanceBelief, b: InstanceBelief | undefined): boolean {
  return a.spec.address === b?.spec.address && a.spec.port === b.spec.port && a.spec.service === b.spec.service
}
