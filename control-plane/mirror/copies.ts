import type { SelectsForeign } from '../consul/foreign-policy.ts'
import type { ForeignBelief, ForeignSpec } from '../fleet/belief.ts'
import type { FleetChange, FleetView } from '../fleet/fleet.ts'
import type { Standing } from '../fleet/routable.ts'
import { sameInstance, sameNode } from './catalogue.ts'
import { copyEntry, copyId, copyNode, copyNodeName } from './copy-entry.ts'
import { type EntryOptions, nodeCheck } from './entry.ts'
import { keyOf } from './names.ts'
import type { MutableNode, Place, TouchedKeys } from './touched.ts'

/** Which foreign records a datacenter shows as copies. */
export type CopyPolicy = {
  readonly datacenter: string
  /** By the datacenter that they come from. */
  readonly sources: ReadonlyMap<string, SelectsForeign>
}

export type CopiesParts = {
  readonly fleet: FleetView
  readonly options: EntryOptions
  readonly policy: CopyPolicy
  /** Where the nodes of the copies are put, beside those of the fleet. */
  readonly nodes: Map<string, MutableNode>
  /** Whether this datacenter shows an instance of the fleet. */
  readonly shows: (instance: string) => boolean
}

type Endpoint = Pick<ForeignSpec, 'address' | 'port'>

/**
 * What a datacenter should show of services that others have registered in other datacenters. What stands there already, as an instance
 * of the fleet, as a record of somebody else or as another copy, is not copied a second time.
 */
export class Copies {
  readonly #parts: CopiesParts
  readonly #places = new Map<string, Place>()
  /** Where each foreign record was when it was last looked at. */
  readonly #endpoints = new Map<string, Endpoint>()
  /** The same for instances of the fleet that stood where a foreign record does. */
  readonly #near = new Map<string, Endpoint>()
  readonly #onNode = new Map<string, Set<string>>()
  readonly #merged = new Map<string, string>()

  constructor(parts: CopiesParts) {
    this.#parts = parts
  }

  placeOf(foreign: string): Place | undefined {
    return this.#places.get(foreign)
  }

  /** What stands there for a foreign record that is not copied because of it. */
  mergedInto(foreign: string): string | undefined {
    return this.#merged.get(foreign)
  }

  /** Takes in a change of the fleet, after its instances have been. */
  refresh({ foreign, instances }: Pick<FleetChange, 'foreign' | 'instances'>, touched: TouchedKeys): void {
    const stale = new Set<string>()
    for (const id of this.#concerned(foreign, instances)) this.#refreshRecord(id, touched, stale)
    for (const node of stale) this.#refreshNode(node, touched)
  }

  /** Those records and all that share an address and port with what changed, before or now. */
  #concerned(foreign: ReadonlySet<string>, instances: ReadonlySet<string>): ReadonlySet<string> {
    const { fleet } = this.#parts
    const all = new Set<string>()
    const addAt = (endpoint: Endpoint | undefined) => {
      for (const id of endpoint ? fleet.foreignAt(endpoint.address, endpoint.port) : []) all.add(id)
    }
    for (const id of foreign) {
      all.add(id)
      addAt(this.#endpoints.get(id))
      addAt(fleet.foreign.get(id)?.spec)
    }
    if (fleet.foreign.size === 0) return all
    for (const id of instances) {
      addAt(this.#near.get(id))
      this.#near.delete(id)
      addAt(fleet.instances.get(id)?.spec)
    }
    return all
  }

  #refreshRecord(id: string, touched: TouchedKeys, stale: Set<string>): void {
    const { fleet, options } = this.#parts
    const belief = fleet.foreign.get(id)
    if (belief) this.#endpoints.set(id, belief.spec)
    else this.#endpoints.delete(id)
    this.#noteNeighbours(belief)
    const selected = belief && this.#selects(belief) ? belief : undefined
    const twin = selected && this.#twin(id, selected)
    if (twin === undefined) this.#merged.delete(id)
    else this.#merged.set(id, twin)
    const before = this.#places.get(id)
    if (!selected || twin !== undefined) {
      // Whether it really went away is for the guard to decide; what is known to be elsewhere has a cause.
      if (before) this.#remove(id, before, belief && (twin === undefined ? 'policy' : 'merged'), touched, stale)
      return
    }
    const { spec } = selected
    const place = { node: keyOf(copyNodeName(options.owner, spec)), key: keyOf(copyId(spec)) }
    this.#places.set(id, place)
    const { instances } = this.#nodeAt(place.node, spec)
    const onNode = this.#onNode.get(place.node)
    if (onNode) onNode.add(id)
    else this.#onNode.set(place.node, new Set([id]))
    stale.add(place.node)
    const entry = copyEntry(options, selected, this.#agentAt(spec))
    const known = instances.get(place.key)
    if (known && sameInstance(known, entry)) return
    instances.set(place.key, entry)
    touched.add(place, undefined)
  }

  #selects({ spec }: ForeignBelief): boolean {
    return this.#parts.policy.sources.get(spec.datacenter)?.(spec) ?? false
  }

  /** What this datacenter shows already of the same service, address and port. */
  #twin(id: string, { spec }: ForeignBelief): string | undefined {
    const { fleet, policy, shows } = this.#parts
    const isSame = (service: string | undefined) => service?.toLowerCase() === spec.service.toLowerCase()
    for (const instance of fleet.instancesAt(spec.address, spec.port)) {
      if (isSame(fleet.instances.get(instance)?.spec.service) && shows(instance)) return instance
    }
    for (const other of fleet.foreignAt(spec.address, spec.port)) {
      const belief = fleet.foreign.get(other)
      if (other === id || !belief || !isSame(belief.spec.service)) continue
      if (belief.spec.datacenter === policy.datacenter) return other
      // Of several that could be copied, one is: the first by name.
      if (other < id && this.#selects(belief)) return other
    }
    return undefined
  }

  /** What the agent says that looks after this address and port, whatever it calls the service; undefined: no agent does. */
  #agentAt({ address, port }: Endpoint): Standing | undefined {
    const { fleet } = this.#parts
    const agents = [...fleet.instancesAt(address, port)].filter((id) => fleet.instances.get(id)?.origin === 'agent')
    for (const id of agents.sort()) {
      const standing = fleet.standing(id)
      if (standing && standing.consul !== 'absent') return standing
    }
    return undefined
  }

  #noteNeighbours(belief: ForeignBelief | undefined): void {
    if (!belief) return
    const { address, port } = belief.spec
    for (const instance of this.#parts.fleet.instancesAt(address, port)) this.#near.set(instance, { address, port })
  }

  #remove(
    id: string,
    place: Place,
    cause: 'policy' | 'merged' | undefined,
    touched: TouchedKeys,
    stale: Set<string>,
  ): void {
    this.#places.delete(id)
    this.#onNode.get(place.node)?.delete(id)
    this.#parts.nodes.get(place.node)?.instances.delete(place.key)
    touched.add(place, cause)
    if (cause === undefined) touched.inferred = true
    stale.add(place.node)
  }

  #nodeAt(key: string, spec: ForeignSpec): MutableNode {
    const { nodes, options } = this.#parts
    const known = nodes.get(key)
    if (known) return known
    const node = copyNode(options.owner, spec)
    // Without its metadata it differs from what is computed next, and so is told as touched.
    const made = { id: '', node: { ...node, meta: {} }, check: nodeCheck(options.owner, node.name, false) }
    const whole: MutableNode = { ...made, instances: new Map() }
    nodes.set(key, whole)
    return whole
  }

  #refreshNode(key: string, touched: TouchedKeys): void {
    const { fleet, nodes, options } = this.#parts
    const known = nodes.get(key)
    if (!known) return
    const [first] = [...(this.#onNode.get(key) ?? [])].sort()
    const belief = first === undefined ? undefined : fleet.foreign.get(first)
    if (!belief) {
      nodes.delete(key)
      this.#onNode.delete(key)
      touched.nodes.add(key)
      return
    }
    const node = copyNode(options.owner, belief.spec)
    if (sameNode(known.node, node)) return
    known.node = node
    touched.nodes.add(key)
  }
}
