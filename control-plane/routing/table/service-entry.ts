import { isDeepStrictEqual } from 'node:util'
import type { ServiceDeclaration } from '../declaration/declaration.ts'
import type { Service, Source } from '../table.ts'
import type { Weighed } from './dynamic-weight.ts'
import type { Part } from './federated.ts'
import type { Place } from './locality.ts'
import { Located, placeKey } from './located.ts'
import { Members } from './members.ts'

/** A service that routes lead to, with its instances; for each place that it is called from, where that makes a difference. */
export class ServiceEntry {
  readonly name: string
  readonly members: Members
  /** By instance; empty where weights are as declared. */
  weighed: ReadonlyMap<string, Weighed> = new Map()
  /** Of what it consists where its name stands for clusters; undefined: it does not. */
  readonly parts: readonly Part[] | undefined
  /** It takes instances of services of other names. */
  readonly isWide: boolean
  readonly #beginning: string | undefined
  /** The service whose instances it takes. */
  readonly #own: string
  policy: ServiceDeclaration
  #service: Service | undefined
  #located: ReadonlyMap<string, Located> = new Map()

  constructor(name: string, policy: ServiceDeclaration, parts: readonly Part[] | undefined) {
    this.name = name
    this.policy = policy
    this.members = new Members(policy.panicPercent)
    this.parts = parts
    this.#beginning = name.endsWith('*') ? name.slice(0, -1) : undefined
    this.#own = policy.side?.of ?? name
    this.isWide = parts !== undefined || this.#beginning !== undefined || this.#own !== name
  }

  takes(service: string): boolean {
    if (this.parts) return this.parts.some((part) => part.service === service)
    return this.#beginning === undefined ? service === this.#own : service.startsWith(this.#beginning)
  }

  moveTo(source: Source): void {
    if (source === this.policy.source) return
    this.policy = { ...this.policy, source }
    this.#service = undefined
  }

  /**
   * Keeps these places and no others.
   * @param before the same service before it was made anew: which of its levels serves is taken over
   */
  locate(places: readonly Place[], before?: ServiceEntry): void {
    const { locality } = this.policy
    if (!locality) return
    this.#located = new Map(
      places.map((place) => {
        const key = placeKey(place)
        const known = this.#located.get(key)
        const former = before?.at(place)
        const serving = former && isDeepStrictEqual(former.policy.order, locality.order) ? former.serving : undefined
        return [key, known ?? new Located(place, locality, serving)]
      }),
    )
  }

  at(place: Place | undefined): Located | undefined {
    return place && this.#located.get(placeKey(place))
  }

  /** Looks again at which level serves where. To be called after whatever may have changed it, and when one may return. */
  look(settled: boolean, now: number): void {
    for (const located of this.#located.values()) located.look(this.members, settled, now)
  }

  /** When a level may return by itself; undefined: none does. */
  get returnsAt(): number | undefined {
    const times = [...this.#located.values()].flatMap((located) => located.returnsAt ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** As it is without a place, and as each place has it: other objects where something of it is another. */
  get shown(): readonly Service[] {
    const { service } = this
    return [service, ...[...this.#located.values()].map((located) => located.service(service))]
  }

  serviceAt(place: Place | undefined): Service {
    return this.at(place)?.service(this.service) ?? this.service
  }

  get service(): Service {
    const { endpoints } = this.members
    if (this.#service?.endpoints !== endpoints) {
      const { cluster: _, dynamicWeights: __, locality: ___, side: ____, ...rest } = this.policy
      const { panicPercent: _____, ...policy } = rest
      this.#service = { name: this.name, ...policy, endpoints }
    }
    return this.#service
  }
}

/** Whether what is shown of a service is another thing than before. */
export function differs(before: readonly Service[], now: readonly Service[]): boolean {
  return before.length !== now.length || before.some((service, index) => service !== now[index])
}
