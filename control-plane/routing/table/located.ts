import type { Endpoint, Service } from '../table.ts'
import { type Level, type Locality, nextServing, type Place, returnsAt, type Serving } from './locality.ts'
import type { Members } from './members.ts'

/** How a service is called from one place, for people. */
export type LocalityView = Pick<Locality, 'order' | 'leastPercent'> & {
  /** One for each word of the order. */
  readonly levels: readonly Level[]
  readonly level: number | undefined
  /** In how many milliseconds a nearer level takes over if nothing changes; undefined: none does. */
  readonly returnsInMs: number | undefined
}

/** A service as the gateways of one place have it: which of its levels serves there, and who is called in which order. */
export class Located {
  readonly place: Place
  readonly policy: Locality
  #serving: Serving | undefined
  #levels: readonly Level[] = []
  #endpoints: readonly Endpoint[] = []
  /** What the endpoints were made of. */
  #madeOf: { readonly changes: number; readonly level: number | undefined } | undefined
  #service: { readonly of: Service; readonly service: Service } | undefined

  constructor(place: Place, policy: Locality, serving?: Serving) {
    this.place = place
    this.policy = policy
    this.#serving = serving
  }

  get serving(): Serving | undefined {
    return this.#serving
  }

  /** @param settled false: the fleet is not complete yet, so that which level served before says nothing */
  look(members: Members, settled: boolean, now: number): void {
    const { place, policy } = this
    this.#levels = members.levels(place, policy.order)
    this.#serving = nextServing(settled ? this.#serving : undefined, this.#levels, policy, now)
    const madeOf = { changes: members.changes, level: this.#serving.level }
    if (this.#madeOf?.changes === madeOf.changes && this.#madeOf.level === madeOf.level) return
    this.#madeOf = madeOf
    const endpoints = members.endpointsFrom(place, policy.order, this.#serving, this.#levels)
    const same =
      endpoints.length === this.#endpoints.length && endpoints.every((each, index) => each === this.#endpoints[index])
    if (!same) this.#endpoints = endpoints
  }

  /** @param of the service as it is without a place; the same object as long as neither that nor the endpoints change */
  service(of: Service): Service {
    if (this.#service?.of !== of || this.#service.service.endpoints !== this.#endpoints) {
      this.#service = { of, service: { ...of, endpoints: this.#endpoints } }
    }
    return this.#service.service
  }

  get returnsAt(): number | undefined {
    return this.#serving && returnsAt(this.#serving, this.policy)
  }

  view(now: number): LocalityView {
    const { order, leastPercent } = this.policy
    const at = this.returnsAt
    return {
      ...{ order, leastPercent, levels: this.#levels, level: this.#serving?.level },
      returnsInMs: at === undefined ? undefined : Math.max(0, at - now),
    }
  }
}

export function placeKey({ site, cluster }: Place): string {
  return `${site} ${cluster}`
}
