import { isDeepStrictEqual } from 'node:util'
import type { FleetChange, FleetView } from '../../fleet/fleet.ts'
import type { Declaration, ServiceDeclaration, ServicePolicy } from '../declaration/declaration.ts'
import type { Endpoint, LeftOut, Service, Source } from '../table.ts'
import { type Judgement, judge } from './judge.ts'
import { Members } from './members.ts'

/** What the index is asked to keep: a service with its policy and the place it comes from. */
export type Wanted = ReadonlyMap<string, ServiceDeclaration>

/**
 * The services that routes lead to, each with what may be called now. Only what a change names is looked at again; `compare` makes a
 * service anew.
 */
export class ServiceIndex {
  readonly #fleet: FleetView
  readonly #entries = new Map<string, Entry>()
  /** Under which service an instance is kept. */
  readonly #serviceOf = new Map<string, string>()

  constructor(fleet: FleetView) {
    this.#fleet = fleet
  }

  /** Keeps these services and no others. */
  want(wanted: Wanted): void {
    for (const entry of [...this.#entries.values()]) if (!wanted.has(entry.name)) this.#drop(entry)
    for (const [name, policy] of wanted) {
      const entry = this.#entries.get(name)
      if (!entry) this.#add(name, policy)
      else if (samePolicy(entry.policy, policy)) entry.moveTo(policy.source)
      else {
        this.#drop(entry)
        this.#add(name, policy)
      }
    }
  }

  /** Looks again at what a change of the fleet touched. Answers the services whose endpoints are others now. */
  update({ instances }: Pick<FleetChange, 'instances'>): ReadonlySet<string> {
    const looked = new Map<string, Service>()
    for (const id of instances) {
      for (const name of [this.#serviceOf.get(id), this.#fleet.instances.get(id)?.spec.service]) {
        const entry = name === undefined ? undefined : this.#entries.get(name)
        if (entry && !looked.has(entry.name)) looked.set(entry.name, entry.service)
      }
      this.#look(id)
    }
    return new Set([...looked].filter(([name, before]) => this.service(name) !== before).map(([name]) => name))
  }

  /**
   * Makes a service anew from the fleet and takes that if it differs. Answers whether it did, which means that a change was missed.
   */
  compare(name: string): boolean {
    const entry = this.#entries.get(name)
    if (!entry) return false
    const members = new Members()
    for (const id of this.#fleet.instancesOfService(name)) members.set(id, this.#judge(id, entry))
    if (sameEndpoints(members.endpoints, entry.service.endpoints)) return false
    const { policy } = entry
    this.#drop(entry)
    this.#add(name, policy)
    return true
  }

  /** The same object as long as nothing of it changes; undefined: not wanted. */
  service(name: string): Service | undefined {
    return this.#entries.get(name)?.service
  }

  /** Why an instance is not among its service's endpoints. */
  leftOut(instance: string): LeftOut | undefined {
    const name = this.#serviceOf.get(instance)
    return name === undefined ? undefined : this.#entries.get(name)?.members.leftOut(instance)
  }

  #look(id: string): void {
    const service = this.#fleet.instances.get(id)?.spec.service
    const before = this.#serviceOf.get(id)
    if (before !== undefined && before !== service) {
      this.#entries.get(before)?.members.set(id, undefined)
      this.#serviceOf.delete(id)
    }
    const entry = service === undefined ? undefined : this.#entries.get(service)
    if (!entry) return
    entry.members.set(id, this.#judge(id, entry))
    this.#serviceOf.set(id, entry.name)
  }

  #judge(id: string, { policy }: Entry): Judgement | undefined {
    const instance = this.#fleet.instances.get(id)
    const standing = this.#fleet.standing(id)
    if (!instance || !standing) return undefined
    return judge(instance, this.#fleet.nodes.get(instance.node), standing, policy)
  }

  #add(name: string, policy: ServiceDeclaration): void {
    this.#entries.set(name, new Entry(name, policy))
    for (const id of this.#fleet.instancesOfService(name)) this.#look(id)
  }

  #drop({ name, members }: Entry): void {
    for (const id of members.instances()) this.#serviceOf.delete(id)
    this.#entries.delete(name)
  }
}

class Entry {
  readonly name: string
  readonly members = new Members()
  policy: ServiceDeclaration
  #service: Service | undefined

  constructor(name: string, policy: ServiceDeclaration) {
    this.name = name
    this.policy = policy
  }

  moveTo(source: Source): void {
    if (source === this.policy.source) return
    this.policy = { ...this.policy, source }
    this.#service = undefined
  }

  get service(): Service {
    const { endpoints } = this.members
    if (this.#service?.endpoints !== endpoints) {
      const { balance, connectTimeoutMs, outlierEjection, idleTimeoutMs, source } = this.policy
      this.#service = { name: this.name, balance, connectTimeoutMs, outlierEjection, idleTimeoutMs, source, endpoints }
    }
    return this.#service
  }
}

function samePolicy(a: ServicePolicy, b: ServicePolicy): boolean {
  return (
    a.balance === b.balance &&
    a.connectTimeoutMs === b.connectTimeoutMs &&
    a.outlierEjection === b.outlierEjection &&
    a.idleTimeoutMs === b.idleTimeoutMs &&
    a.cluster === b.cluster
  )
}

function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a.length === b.length && a.every((endpoint, index) => isDeepStrictEqual(endpoint, b[index]))
}

/** Every service that a route leads to, as declared or with the defaults. */
export function wantedServices(declaration: Declaration, defaults: ServicePolicy): Wanted {
  const wanted = new Map<string, ServiceDeclaration>()
  for (const { service, source } of declaration.routes) {
    if (wanted.has(service)) continue
    wanted.set(service, declaration.services.get(service) ?? { ...defaults, source })
  }
  return wanted
}
