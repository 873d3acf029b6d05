import { isDeepStrictEqual } from 'node:util'
import type { FleetChange, FleetView } from '../../fleet/fleet.ts'
import type { Declaration, ServiceDeclaration, ServicePolicy } from '../declaration/declaration.ts'
import type { Endpoint, LeftOut, Service, Source } from '../table.ts'
import { nextWeights, type Weighed } from './dynamic-weight.ts'
import { type Federation, noFederation, type Part, partsOf } from './federated.ts'
import { type Judgement, judge } from './judge.ts'
import { Members } from './members.ts'
import { serviceOfAuthenticator, servicesOf } from './services-of.ts'

/** What the index is asked to keep: a service with its policy and the place it comes from. */
export type Wanted = ReadonlyMap<string, ServiceDeclaration>

/**
 * The services that routes lead to, each with what may be called now. Only what a change names is looked at again; `compare` makes a
 * service anew. A name that ends in `*` stands for all services whose names begin so, as one; some names stand for clusters.
 */
export class ServiceIndex {
  readonly #fleet: FleetView
  readonly #entries = new Map<string, Entry>()
  /** Those of them that take instances of services of other names. */
  #wide: readonly Entry[] = []
  /** Of which service an instance was when it was last looked at. */
  readonly #serviceOf = new Map<string, string>()

  #federation: Federation
  /** When it was last looked at; milliseconds of a steady clock. */
  #federatedAt = 0

  constructor(fleet: FleetView, federation: Federation = noFederation) {
    this.#fleet = fleet
    this.#federation = federation
  }

  /**
   * Looks again at which clusters answer, and at what is measured where weights follow it. Answers the services whose endpoints are
   * others now.
   * @param now milliseconds of a steady clock
   */
  federate(federation: Federation, now: number): ReadonlySet<string> {
    this.#federation = federation
    this.#federatedAt = now
    const before = new Map<string, readonly Endpoint[]>()
    for (const entry of [...this.#entries.values()]) {
      const { name, policy, parts, service } = entry
      const isOther = !isDeepStrictEqual(parts, partsOf(name, federation))
      if (isOther || policy.dynamicWeights) before.set(name, service.endpoints)
      if (isOther) {
        this.#drop(entry)
        this.#add(name, policy)
      } else this.#weigh(entry)
    }
    return new Set([...before].flatMap(([name, endpoints]) => this.#changedFrom(name, endpoints)))
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
      for (const entry of this.#concerned(id)) {
        if (!looked.has(entry.name)) looked.set(entry.name, entry.service)
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
    for (const id of this.#instancesOf(entry)) members.set(id, this.#judge(id, entry))
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

  /** The names under which an instance is or would be called: its own service's, and patterns that take it. */
  namesFor(instance: string): readonly string[] {
    const service = this.#fleet.instances.get(instance)?.spec.service
    return service === undefined ? [] : this.#entriesFor(service).map(({ name }) => name)
  }

  /**
   * Why an instance is not among its service's endpoints.
   * @param name one of those that `namesFor` answers; by default the first
   */
  leftOut(instance: string, name?: string): LeftOut | undefined {
    const service = this.#serviceOf.get(instance)
    const entries = service === undefined ? [] : this.#entriesFor(service)
    const entry = name === undefined ? entries[0] : entries.find((each) => each.name === name)
    return entry?.members.leftOut(instance)
  }

  /** How an instance is weighed within a service; undefined: as declared. */
  weighed(instance: string, name: string): Weighed | undefined {
    return this.#entries.get(name)?.weighed.get(instance)
  }

  #weigh(entry: Entry): void {
    if (!entry.policy.dynamicWeights) return
    const { measured } = this.#federation
    const before = entry.weighed
    const instances = [...entry.members.instances()]
    entry.weighed = nextWeights(before, new Map(instances.map((id) => [id, measured(id)])), this.#federatedAt)
    for (const [id, { factor }] of entry.weighed) if ((before.get(id)?.factor ?? 1) !== factor) this.#look(id)
  }

  #changedFrom(name: string, before: readonly Endpoint[]): readonly string[] {
    return sameEndpoints(this.service(name)?.endpoints ?? [], before) ? [] : [name]
  }

  #look(id: string): void {
    const service = this.#fleet.instances.get(id)?.spec.service
    for (const entry of this.#concerned(id)) {
      entry.members.set(id, service !== undefined && entry.takes(service) ? this.#judge(id, entry) : undefined)
    }
    if (service === undefined || this.#entriesFor(service).length === 0) this.#serviceOf.delete(id)
    else this.#serviceOf.set(id, service)
  }

  /** The entries that an instance was in when it was last looked at, and those that it belongs to now. */
  #concerned(id: string): ReadonlySet<Entry> {
    const before = this.#serviceOf.get(id)
    const service = this.#fleet.instances.get(id)?.spec.service
    const now = service === undefined ? [] : this.#entriesFor(service)
    return new Set(before === undefined || before === service ? now : [...this.#entriesFor(before), ...now])
  }

  #entriesFor(service: string): readonly Entry[] {
    const entry = this.#entries.get(service)
    const own = entry && !entry.isWide ? [entry] : []
    return this.#wide.length === 0 ? own : [...own, ...this.#wide.filter((each) => each.takes(service))]
  }

  #instancesOf(entry: Entry): Iterable<string> {
    if (entry.parts) {
      const services = new Set(entry.parts.map(({ service }) => service))
      return [...services].flatMap((service) => [...this.#fleet.instancesOfService(service)])
    }
    if (!entry.isWide) return this.#fleet.instancesOfService(entry.name)
    return [...this.#fleet.instances].filter(([, { spec }]) => entry.takes(spec.service)).map(([id]) => id)
  }

  #judge(id: string, entry: Entry): Judgement | undefined {
    const judgement = this.#judgeAsDeclared(id, entry)
    const factor = entry.weighed.get(id)?.factor ?? 1
    if (factor === 1 || judgement?.kind !== 'candidate') return judgement
    const { candidate } = judgement
    return {
      kind: 'candidate',
      candidate: { ...candidate, weight: Math.max(1, Math.round(candidate.weight * factor)) },
    }
  }

  #judgeAsDeclared(id: string, { policy, parts }: Entry): Judgement | undefined {
    const instance = this.#fleet.instances.get(id)
    const standing = this.#fleet.standing(id)
    if (!instance || !standing) return undefined
    const node = this.#fleet.nodes.get(instance.node)
    if (!parts) return judge(instance, node, standing, policy)
    const cluster = instance.spec.cluster ?? node?.spec.cluster ?? ''
    const ofService = parts.filter(({ service }) => service === instance.spec.service)
    const part = ofService.find((each) => each.cluster === cluster) ?? ofService[0]
    return part && asPart(judge(instance, node, standing, { ...policy, cluster: part.cluster }), part)
  }

  #add(name: string, policy: ServiceDeclaration): void {
    const entry = new Entry(name, policy, partsOf(name, this.#federation))
    this.#entries.set(name, entry)
    if (entry.isWide) this.#wide = [...this.#wide, entry]
    for (const id of this.#instancesOf(entry)) this.#look(id)
    this.#weigh(entry)
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.name)
    this.#wide = this.#wide.filter((each) => each !== entry)
    for (const id of entry.members.instances()) {
      const service = this.#serviceOf.get(id)
      if (service !== undefined && this.#entriesFor(service).length === 0) this.#serviceOf.delete(id)
    }
  }
}

class Entry {
  readonly name: string
  readonly members = new Members()
  /** By instance; empty where weights are as declared. */
  weighed: ReadonlyMap<string, Weighed> = new Map()
  /** Of what it consists where its name stands for clusters; undefined: it does not. */
  readonly parts: readonly Part[] | undefined
  /** It takes instances of services of other names. */
  readonly isWide: boolean
  readonly #beginning: string | undefined
  policy: ServiceDeclaration
  #service: Service | undefined

  constructor(name: string, policy: ServiceDeclaration, parts: readonly Part[] | undefined) {
    this.name = name
    this.policy = policy
    this.parts = parts
    this.#beginning = name.endsWith('*') ? name.slice(0, -1) : undefined
    this.isWide = parts !== undefined || this.#beginning !== undefined
  }

  takes(service: string): boolean {
    if (this.parts) return this.parts.some((part) => part.service === service)
    return this.#beginning === undefined ? service === this.name : service.startsWith(this.#beginning)
  }

  moveTo(source: Source): void {
    if (source === this.policy.source) return
    this.policy = { ...this.policy, source }
    this.#service = undefined
  }

  get service(): Service {
    const { endpoints } = this.members
    if (this.#service?.endpoints !== endpoints) {
      const { cluster: _, dynamicWeights: __, ...policy } = this.policy
      this.#service = { name: this.name, ...policy, endpoints }
    }
    return this.#service
  }
}

function asPart(judgement: Judgement, { standsIn }: Part): Judgement {
  if (!standsIn || judgement.kind === 'left-out') return judgement
  return { kind: 'candidate', candidate: { ...judgement.candidate, standsIn } }
}

function samePolicy(a: ServiceDeclaration, b: ServiceDeclaration): boolean {
  return isDeepStrictEqual({ ...a, source: '' }, { ...b, source: '' })
}

function sameEndpoints(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a.length === b.length && a.every((endpoint, index) => isDeepStrictEqual(endpoint, b[index]))
}

/** Every service that a route leads to, as declared or with the defaults. */
export function wantedServices(declaration: Declaration, defaults: ServicePolicy): Wanted {
  const wanted = new Map<string, ServiceDeclaration>()
  const want = (service: string, source: Source) => {
    if (wanted.has(service)) return
    wanted.set(service, declaration.services.get(service) ?? { ...defaults, source })
  }
  for (const route of declaration.routes) for (const service of servicesOf(route)) want(service, route.source)
  for (const each of declaration.authenticators.values()) want(serviceOfAuthenticator(each), each.source)
  return wanted
}
