import { isDeepStrictEqual } from 'node:util'
import type { Reason } from '#shared/protocol/reason.ts'
import type { FleetChange, FleetView } from '../../fleet/fleet.ts'
import type { Declaration, ServiceDeclaration, ServicePolicy } from '../declaration/declaration.ts'
import type { Endpoint, LeftOut, Service, Source } from '../table.ts'
import { nextWeights, type Weighed } from './dynamic-weight.ts'
import { type Federation, noFederation, type Part, partsOf } from './federated.ts'
import { type Judgement, judge } from './judge.ts'
import type { Place } from './locality.ts'
import type { LocalityView } from './located.ts'
import { Members } from './members.ts'
import { differs, ServiceEntry } from './service-entry.ts'
import { serviceOfAuthenticator, servicesOf } from './services-of.ts'

/** What the index is asked to keep: a service with its policy and the place it comes from. */
export type Wanted = ReadonlyMap<string, ServiceDeclaration>

/** All weights move together and no oftener than agents measure, so that an Nginx is not reloaded for each of them. */
const weighEveryMs = 15_000

/**
 * The services that routes lead to, each with what may be called now. Only what a change names is looked at again; `compare` makes a
 * service anew. A name that ends in `*` stands for all services whose names begin so, as one; some names stand for clusters.
 */
export class ServiceIndex {
  readonly #fleet: FleetView
  readonly #entries = new Map<string, ServiceEntry>()
  /** Those of them that take instances of services of other names. */
  #wide: readonly ServiceEntry[] = []
  /** Those of them that call near instances before others. */
  readonly #local = new Set<ServiceEntry>()
  /** Of which service an instance was when it was last looked at. */
  readonly #serviceOf = new Map<string, string>()

  #federation: Federation
  /** From where services are called. */
  #places: readonly Place[] = []
  /** The newest time that was told, in milliseconds of a steady clock. */
  #now = 0
  #weighedAt = Number.NEGATIVE_INFINITY

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
    this.#now = now
    const due = now - this.#weighedAt >= weighEveryMs
    if (due) this.#weighedAt = now
    const before = new Map<string, readonly Service[]>()
    for (const entry of [...this.#entries.values()]) {
      const { name, policy, parts } = entry
      const isOther = !isDeepStrictEqual(parts, partsOf(name, federation))
      if (isOther || policy.dynamicWeights) before.set(name, entry.shown)
      if (isOther) {
        this.#drop(entry)
        this.#add(name, policy, entry)
      } else this.#weigh(entry, due)
    }
    return new Set([...before].flatMap(([name, shown]) => this.#changedFrom(name, shown)))
  }

  /**
   * Keeps these services and no others.
   * @param places from where they are called
   */
  want(wanted: Wanted, places: readonly Place[] = []): void {
    this.#places = places
    for (const entry of [...this.#entries.values()]) if (!wanted.has(entry.name)) this.#drop(entry)
    for (const [name, policy] of wanted) {
      const entry = this.#entries.get(name)
      if (!entry) this.#add(name, policy)
      else if (samePolicy(entry.policy, policy)) entry.moveTo(policy.source)
      else {
        this.#drop(entry)
        this.#add(name, policy, entry)
      }
    }
    for (const entry of this.#entries.values()) {
      entry.locate(places)
      entry.look(this.#fleet.complete, this.#now)
    }
  }

  /**
   * Looks again at what a change of the fleet touched. Answers the services whose endpoints are others now.
   * @param now milliseconds of a steady clock; by default as before
   */
  update({ instances }: Pick<FleetChange, 'instances'>, now = this.#now): ReadonlySet<string> {
    this.#now = now
    const looked = new Map<ServiceEntry, readonly Service[]>()
    for (const id of instances) {
      for (const entry of this.#concerned(id)) if (!looked.has(entry)) looked.set(entry, entry.shown)
      this.#look(id)
    }
    for (const entry of looked.keys()) entry.look(this.#fleet.complete, now)
    return new Set([...looked].filter(([entry, before]) => differs(before, entry.shown)).map(([{ name }]) => name))
  }

  /** Looks again at which levels serve, since time has passed. Answers the services whose endpoints are others now. */
  look(now: number): ReadonlySet<string> {
    this.#now = now
    const changed = new Set<string>()
    for (const entry of this.#local) {
      const before = entry.shown
      entry.look(this.#fleet.complete, now)
      if (differs(before, entry.shown)) changed.add(entry.name)
    }
    return changed
  }

  /** When `look` will find something else, if nothing changes until then; undefined: never. */
  get returnsAt(): number | undefined {
    if (this.#local.size === 0) return undefined
    const times = [...this.#local].flatMap(({ returnsAt }) => returnsAt ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /**
   * Makes a service anew from the fleet and takes that if it differs. Answers whether it did, which means that a change was missed.
   */
  compare(name: string): boolean {
    const entry = this.#entries.get(name)
    if (!entry) return false
    const members = new Members(entry.policy.panicPercent)
    for (const id of this.#instancesOf(entry)) members.set(id, this.#judge(id, entry))
    if (sameEndpoints(members.endpoints, entry.service.endpoints)) return false
    const { policy } = entry
    this.#drop(entry)
    this.#add(name, policy, entry)
    return true
  }

  /**
   * The same object as long as nothing of it changes; undefined: not wanted.
   * @param place from where it is called: one of those that are wanted
   */
  service(name: string, place?: Place): Service | undefined {
    return this.#entries.get(name)?.serviceAt(place)
  }

  /** Which level of a service serves at a place; undefined: it does not go by places. */
  locality(name: string, place: Place | undefined): LocalityView | undefined {
    return this.#entries.get(name)?.at(place)?.view(this.#now)
  }

  /** The names under which an instance is or would be called: its own service's, and patterns that take it. */
  namesFor(instance: string): readonly string[] {
    const service = this.#fleet.instances.get(instance)?.spec.service
    return service === undefined ? [] : this.#entriesFor(service).map(({ name }) => name)
  }

  /**
   * Why an instance is not among its service's endpoints.
   * @param name one of those that `namesFor` answers; by default the first
   * @param place from where it is called
   */
  leftOut(instance: string, name?: string, place?: Place): LeftOut | undefined {
    const service = this.#serviceOf.get(instance)
    const entries = service === undefined ? [] : this.#entriesFor(service)
    const entry = name === undefined ? entries[0] : entries.find((each) => each.name === name)
    const located = entry?.at(place)
    return entry?.members.leftOut(instance, located && { gateway: located.place, order: located.policy.order })
  }

  /** Why an instance would not be called if more of the service could be; undefined: it is called as usual, or not at all. */
  calledInPanic(instance: string, name: string): Reason | undefined {
    return this.#entries.get(name)?.members.calledInPanic(instance)
  }

  /** How an instance is weighed within a service; undefined: as declared. */
  weighed(instance: string, name: string): Weighed | undefined {
    return this.#entries.get(name)?.weighed.get(instance)
  }

  /** @param due false: only who is not weighed yet */
  #weigh(entry: ServiceEntry, due = true): void {
    if (!entry.policy.dynamicWeights) return
    const { measured } = this.#federation
    const before = entry.weighed
    const instances = [...entry.members.instances()]
    const weighed = nextWeights(before, new Map(instances.map((id) => [id, measured(id)])), this.#now)
    entry.weighed = due ? weighed : new Map([...weighed].map(([id, each]) => [id, before.get(id) ?? each]))
    for (const [id, { factor }] of entry.weighed) if ((before.get(id)?.factor ?? 1) !== factor) this.#look(id)
    entry.look(this.#fleet.complete, this.#now)
  }

  #changedFrom(name: string, before: readonly Service[]): readonly string[] {
    const now = this.#entries.get(name)?.shown ?? []
    const same =
      now.length === before.length &&
      now.every(({ endpoints }, index) => sameEndpoints(endpoints, before[index]?.endpoints ?? []))
    return same ? [] : [name]
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
  #concerned(id: string): ReadonlySet<ServiceEntry> {
    const before = this.#serviceOf.get(id)
    const service = this.#fleet.instances.get(id)?.spec.service
    const now = service === undefined ? [] : this.#entriesFor(service)
    return new Set(before === undefined || before === service ? now : [...this.#entriesFor(before), ...now])
  }

  #entriesFor(service: string): readonly ServiceEntry[] {
    const entry = this.#entries.get(service)
    const own = entry && !entry.isWide ? [entry] : []
    return this.#wide.length === 0 ? own : [...own, ...this.#wide.filter((each) => each.takes(service))]
  }

  #instancesOf(entry: ServiceEntry): Iterable<string> {
    if (entry.parts) {
      const services = new Set(entry.parts.map(({ service }) => service))
      return [...services].flatMap((service) => [...this.#fleet.instancesOfService(service)])
    }
    if (!entry.isWide) return this.#fleet.instancesOfService(entry.name)
    return [...this.#fleet.instances].filter(([, { spec }]) => entry.takes(spec.service)).map(([id]) => id)
  }

  #judge(id: string, entry: ServiceEntry): Judgement | undefined {
    const judgement = this.#judgeAsDeclared(id, entry)
    const factor = entry.weighed.get(id)?.factor ?? 1
    if (factor === 1 || judgement?.kind !== 'candidate') return judgement
    const { candidate } = judgement
    return {
      kind: 'candidate',
      candidate: { ...candidate, weight: Math.max(1, Math.round(candidate.weight * factor)) },
    }
  }

  #judgeAsDeclared(id: string, { policy, parts }: ServiceEntry): Judgement | undefined {
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

  /** @param before the same service before it is made anew */
  #add(name: string, policy: ServiceDeclaration, before?: ServiceEntry): void {
    const entry = new ServiceEntry(name, policy, partsOf(name, this.#federation))
    entry.locate(this.#places, before)
    this.#entries.set(name, entry)
    if (entry.isWide) this.#wide = [...this.#wide, entry]
    if (policy.locality) this.#local.add(entry)
    for (const id of this.#instancesOf(entry)) this.#look(id)
    this.#weigh(entry)
    entry.look(this.#fleet.complete, this.#now)
  }

  #drop(entry: ServiceEntry): void {
    this.#entries.delete(entry.name)
    this.#wide = this.#wide.filter((each) => each !== entry)
    this.#local.delete(entry)
    for (const id of entry.members.instances()) {
      const service = this.#serviceOf.get(id)
      if (service !== undefined && this.#entriesFor(service).length === 0) this.#serviceOf.delete(id)
    }
  }
}

function asPart(judgement: Judgement, { standsIn }: Part): Judgement {
  if (!standsIn) return judgement
  // What only stands in does not count for any level.
  if (judgement.kind === 'left-out') return { kind: 'left-out', reason: judgement.reason }
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
  for (const split of declaration.splits.values()) {
    const { baseline, canary, chosen, source } = split
    const known = declaration.services.get(baseline) ?? { ...defaults, source }
    if (chosen === undefined) want(canary, source)
    else {
      wanted.set(baseline, { ...known, side: { of: baseline, chosen, canary: false } })
      wanted.set(canary, { ...known, side: { of: baseline, chosen, canary: true } })
    }
  }
  for (const route of declaration.routes) for (const service of servicesOf(route)) want(service, route.source)
  for (const each of declaration.authenticators.values()) want(serviceOfAuthenticator(each), each.source)
  return wanted
}
