import { setImmediate as turn } from 'node:timers/promises'
import type { InstanceBelief } from '../fleet/belief.ts'
import type { FleetChange, FleetView } from '../fleet/fleet.ts'
import { nodeIsDead } from '../fleet/routable.ts'
import {
  type DesiredInstance,
  type DesiredNode,
  type ServiceRecord,
  sameCheck,
  sameInstance,
  sameNode,
} from './catalogue.ts'
import { Copies, type CopyPolicy } from './copies.ts'
import { copiedFrom } from './copy-entry.ts'
import { type EntryOptions, instanceEntry, nodeCheck, nodeRecord } from './entry.ts'
import { consulNodeName, keyOf, nodeCheckId } from './names.ts'
import type { Selects } from './select.ts'
import { type Cause, type MutableNode, type Place, type Touched, TouchedKeys } from './touched.ts'

export type { Cause, Touched } from './touched.ts'

export type DesiredOptions = EntryOptions & {
  readonly selects: Selects
  /** Undefined: nothing is copied there. */
  readonly copies?: CopyPolicy | undefined
}

/** Whose word wins: the lower. */
const wordOf: Readonly<Record<InstanceBelief['origin'], number>> = { agent: 0, kubernetes: 1, client: 2 }
/** Instances that are computed before others get their turn. */
const chunk = 100
const none: ReadonlySet<string> = new Set()

/**
 * What a datacenter should show of the fleet, indexed by the names that Consul tells apart. After a change of the fleet only what
 * it names is computed again.
 */
export class Desired {
  readonly #fleet: FleetView
  readonly #options: DesiredOptions
  readonly #nodes = new Map<string, MutableNode>()
  readonly #places = new Map<string, Place>()
  /** Instances of clients that are shown as an agent's instance, which is the same process. */
  readonly #merged = new Map<string, string>()
  /** The same the other way round. */
  readonly #standsFor = new Map<string, Set<string>>()
  /** Instances that cannot be shown because another has the same name for Consul; with the other. */
  readonly #collisions = new Map<string, { readonly place: Place; readonly with: string }>()

  readonly #copies: Copies | undefined

  constructor(fleet: FleetView, options: DesiredOptions) {
    this.#fleet = fleet
    this.#options = options
    const shows = (id: string) => this.#shows(id)
    const { copies: policy } = options
    this.#copies = policy && new Copies({ fleet, options, policy, nodes: this.#nodes, shows })
  }

  /** By the key of the node's name. */
  get nodes(): ReadonlyMap<string, DesiredNode> {
    return this.#nodes
  }

  /** Where an instance, or a copy of a foreign record, should stand; undefined: nowhere. */
  placeOf(instance: string): Place | undefined {
    return this.#places.get(instance) ?? this.#copies?.placeOf(instance)
  }

  /** What keeps an instance from having a place, if something does. */
  collisionOf(instance: string): string | undefined {
    return this.#collisions.get(instance)?.with
  }

  /** As what else an instance is shown, if it is: an agent's instance, or for a foreign record whatever stands there already. */
  mergedInto(instance: string): string | undefined {
    return this.#merged.get(instance) ?? this.#copies?.mergedInto(instance)
  }

  isForeign(id: string): boolean {
    return this.#fleet.foreign.has(id)
  }

  /** Why a copy should go that is not wanted; undefined: its original is not known any more, or it is no copy. */
  causeOfCopy(service: ServiceRecord): Cause | undefined {
    const original = copiedFrom(service)
    if (original === undefined || !this.#fleet.foreign.has(original)) return undefined
    return this.mergedInto(original) === undefined ? 'policy' : 'merged'
  }

  /** Computes everything there is, a part at a time so that others get their turn. Changes may be taken in meanwhile. */
  async fill(): Promise<void> {
    const ids = [...this.#fleet.instances.keys()]
    for (let first = 0; first < ids.length; first += chunk) {
      this.refresh({ instances: new Set(ids.slice(first, first + chunk)), nodes: new Set() })
      await turn()
    }
    const foreign = [...this.#fleet.foreign.keys()]
    for (let first = 0; first < foreign.length; first += chunk) {
      const some = new Set(foreign.slice(first, first + chunk))
      this.refresh({ instances: new Set(), nodes: new Set(), foreign: some })
      await turn()
    }
  }

  /** Takes in a change of the fleet. */
  refresh({
    instances,
    nodes,
    foreign = none,
  }: Pick<FleetChange, 'instances' | 'nodes'> & Partial<Pick<FleetChange, 'foreign'>>): Touched {
    const touched = new TouchedKeys()
    const stale = new Set<string>()
    for (const id of this.#withNeighbours(instances)) this.#refreshInstance(id, touched, stale)
    for (const id of nodes) stale.add(keyOf(consulNodeName(this.#options.owner, id)))
    for (const key of stale) this.#refreshNode(key, touched)
    this.#copies?.refresh({ foreign, instances }, touched)
    return touched
  }

  #refreshInstance(id: string, touched: TouchedKeys, stale: Set<string>): void {
    const belief = this.#fleet.instances.get(id)
    const before = this.#places.get(id)
    const twin = belief && this.#twin(belief)
    const after = belief && twin === undefined && this.#selected(belief) ? this.#place(belief) : undefined
    if (before && before.node !== after?.node) {
      const kept = after ? 'moved' : twin === undefined ? 'policy' : 'merged'
      this.#remove(id, before, touched, stale, belief === undefined ? 'deregistered' : kept)
    }
    this.#collisions.delete(id)
    this.#merge(id, twin)
    const standing = this.#fleet.standing(id)
    if (!after || !belief || !standing) return
    const rival = this.#rival(id, after)
    if (rival !== undefined) {
      this.#collisions.set(id, { place: after, with: rival })
      return
    }
    stale.add(after.node)
    this.#places.set(id, after)
    const { instances } = this.#nodeAt(after.node, belief)
    const entry = instanceEntry(this.#options, belief, standing, this.#fleet.nodes.get(belief.node))
    const known = instances.get(after.key)
    if (known && sameInstance(known, entry)) return
    instances.set(after.key, entry)
    touched.add(after, undefined)
  }

  /** Those instances, and the ones of clients that they stand for, or may stand for now. */
  #withNeighbours(instances: ReadonlySet<string>): ReadonlySet<string> {
    const all = new Set(instances)
    for (const id of instances) {
      for (const client of this.#standsFor.get(id) ?? []) all.add(client)
      const spec = this.#fleet.instances.get(id)?.spec
      for (const other of spec ? this.#fleet.instancesAt(spec.address, spec.port) : []) {
        if (this.#fleet.instances.get(other)?.origin !== 'agent') all.add(other)
      }
    }
    return all
  }

  #merge(id: string, twin: string | undefined): void {
    const before = this.#merged.get(id)
    if (before === twin) return
    if (before !== undefined) {
      const others = this.#standsFor.get(before)
      others?.delete(id)
      if (others?.size === 0) this.#standsFor.delete(before)
    }
    if (twin === undefined) {
      this.#merged.delete(id)
      return
    }
    this.#merged.set(id, twin)
    const others = this.#standsFor.get(twin)
    if (others) others.add(id)
    else this.#standsFor.set(twin, new Set([id]))
  }

  /** The instance that is the same process as this one, and of which somebody knows better: one record is enough. */
  #twin({ spec, origin }: InstanceBelief): string | undefined {
    if (origin === 'agent') return undefined
    let best: { readonly id: string; readonly rank: number } | undefined
    for (const id of this.#fleet.instancesAt(spec.address, spec.port)) {
      const other = this.#fleet.instances.get(id)
      if (!other || other.spec.service !== spec.service) continue
      const rank = wordOf[other.origin]
      if (rank >= wordOf[origin] || (best && best.rank <= rank)) continue
      if (this.#fleet.standing(id)?.consul !== 'absent') best = { id, rank }
    }
    return best?.id
  }

  /** Whether an instance is listed here, as itself or as the agent's instance that is the same process. */
  #shows(id: string): boolean {
    if (!this.#places.has(id) && !this.#merged.has(id)) return false
    return this.#fleet.standing(id)?.consul !== 'absent'
  }

  #selected({ spec, node }: InstanceBelief): boolean {
    const cluster = spec.cluster ?? this.#fleet.nodes.get(node)?.spec.cluster ?? ''
    return this.#options.selects({ cluster, service: spec.service })
  }

  #place({ spec, node }: InstanceBelief): Place {
    return { node: keyOf(consulNodeName(this.#options.owner, node)), key: keyOf(spec.id) }
  }

  /** Who already stands where this instance should. */
  #rival(id: string, { node, key }: Place): string | undefined {
    if (`heddle:${key}` === nodeCheckId) return `the check ${nodeCheckId} of its node`
    const known = this.#nodes.get(node)?.instances.get(key)
    return known && known.service.id !== id ? known.service.id : undefined
  }

  #remove(id: string, place: Place, touched: TouchedKeys, stale: Set<string>, cause: Cause): void {
    this.#places.delete(id)
    this.#nodes.get(place.node)?.instances.delete(place.key)
    touched.add(place, cause)
    stale.add(place.node)
    for (const [other, { place: wanted }] of this.#collisions) {
      if (wanted.node !== place.node || wanted.key !== place.key) continue
      this.#refreshInstance(other, touched, stale)
      return
    }
  }

  #nodeAt(key: string, { node: id, spec }: InstanceBelief): MutableNode {
    const known = this.#nodes.get(key)
    if (known) return known
    const { owner } = this.#options
    const node = nodeRecord(owner, id, this.#fleet.nodes.get(id), spec.address)
    // Without its metadata it differs from whatever #refreshNode computes next, and so is told as touched.
    const made = { id, node: { ...node, meta: {} }, check: nodeCheck(owner, node.name, false), instances: new Map() }
    this.#nodes.set(key, made)
    return made
  }

  #refreshNode(key: string, touched: TouchedKeys): void {
    const known = this.#nodes.get(key)
    if (!known) return
    if (known.instances.size === 0) {
      this.#nodes.delete(key)
      touched.nodes.add(key)
      return
    }
    const { owner } = this.#options
    const { id } = known
    const belief = this.#fleet.nodes.get(id)
    const node = nodeRecord(owner, id, belief, belief?.spec.address || firstAddress(known.instances))
    const check = nodeCheck(owner, node.name, belief !== undefined && nodeIsDead(belief, this.#instancesOf(id)))
    if (sameNode(known.node, node) && sameCheck(known.check, check)) return
    known.node = node
    known.check = check
    touched.nodes.add(key)
  }

  *#instancesOf(node: string): Iterable<InstanceBelief> {
    for (const id of this.#fleet.instancesOfNode(node)) {
      const belief = this.#fleet.instances.get(id)
      if (belief) yield belief
    }
  }
}

/** A node without an address of its own takes that of its first instance, so that it stays the same. */
function firstAddress(instances: ReadonlyMap<string, DesiredInstance>): string {
  let first: string | undefined
  for (const key of instances.keys()) if (first === undefined || key < first) first = key
  return first === undefined ? '' : (instances.get(first)?.service.address ?? '')
}
