import type { ClusterInputs } from '#shared/protocol/federation.ts'

/** What is known of one instance of a cluster. docs/federation.md says what follows from it. */
export type InstanceFacts = {
  readonly service: string
  readonly isAi: boolean
  /** An operator took it out of service. */
  readonly takenOut: boolean
  readonly routable: 'yes' | 'last' | 'no'
  readonly warning: boolean
  /** Its agent is connected, or it never had one. */
  readonly inContact: boolean
  /** As declared; 100 is normal. */
  readonly weight: number
  /** Of its node, measured by the agent there: 0 to 1; undefined: not measured of late. */
  readonly measuredLoad: number | undefined
  /** What it says of its own load: 0 to 1; undefined: nothing. */
  readonly ownLoad: number | undefined
  /** Share of requests that it says failed: 0 to 1; undefined: it says nothing. */
  readonly errors: number | undefined
}

export type Scores = { readonly health: number; readonly ai_capacity: number; readonly load: number }

/** What an instance is worth at most that is not simply well. */
const mostWorth = { last: 0.25, warning: 0.5, outOfContact: 0.5 } as const

/**
 * How good an instance is, 0 to 1: 1 if it is routable and passing, at most a half with a warning or out of contact, a quarter as a last
 * resort, nothing if it is not routable; less the share of its requests that failed.
 */
export function worthOf({ routable, warning, inContact, errors = 0 }: InstanceFacts): number {
  if (routable === 'no') return 0
  const most = Math.min(
    routable === 'last' ? mostWorth.last : 1,
    warning ? mostWorth.warning : 1,
    inContact ? 1 : mostWorth.outOfContact,
  )
  return most * (1 - bounded(errors))
}

/**
 * How busy an instance is, 0 to 1: the load of its node as measured there, or what it says of itself if that is more. What nobody has
 * measured is fully loaded, whatever the instance says.
 */
export function loadOf({ measuredLoad = 1, ownLoad = 0 }: InstanceFacts): number {
  return Math.max(bounded(measuredLoad), bounded(ownLoad))
}

/** What the instances of a cluster come to, added up one by one: a hundred thousand need not be there all at once. */
export class ClusterTally {
  readonly #services = new Map<string, { count: number; worth: number; callable: number }>()
  readonly #inputs = {
    instances: 0,
    taken_out: 0,
    routable: 0,
    warning: 0,
    out_of_contact: 0,
    last: 0,
    measured: 0,
    own_word: 0,
    ai_instances: 0,
    ai_routable: 0,
  }
  /** Instances by service, also those that were taken out. */
  readonly #all = new Set<string>()
  #load = 0
  #capacity = 0

  add(facts: InstanceFacts): void {
    const { service, isAi, takenOut, routable, measuredLoad = 1, ownLoad = 0 } = facts
    const inputs = this.#inputs
    inputs.instances += 1
    this.#all.add(service)
    if (takenOut) {
      inputs.taken_out += 1
      return
    }
    const callable = routable !== 'no'
    const worth = worthOf(facts)
    const sums = this.#services.getOrInsertComputed(service, () => ({ count: 0, worth: 0, callable: 0 }))
    sums.count += 1
    sums.worth += worth
    if (isAi) inputs.ai_instances += 1
    if (!callable) return
    const load = loadOf(facts)
    sums.callable += 1
    this.#load += load
    inputs.routable += 1
    if (facts.warning) inputs.warning += 1
    if (!facts.inContact) inputs.out_of_contact += 1
    if (routable === 'last') inputs.last += 1
    if (facts.measuredLoad !== undefined) inputs.measured += 1
    if (ownLoad > measuredLoad) inputs.own_word += 1
    if (!isAi) return
    inputs.ai_routable += 1
    this.#capacity += (Math.min(facts.weight, 100) / 100) * worth * (1 - load)
  }

  /** Whether there is an instance that can be called: of the service that is its entry, if that has any. */
  isAlive(entry: string | undefined): boolean {
    if (entry !== undefined && this.#all.has(entry)) return (this.#services.get(entry)?.callable ?? 0) > 0
    return this.#inputs.routable > 0
  }

  /** The three figures, rounded as they are published, so that all who decide by them see the same. */
  scores(): Scores {
    const { routable } = this.#inputs
    let health = 0
    for (const { count, worth } of this.#services.values()) health += worth / count
    return {
      health: rounded(this.#services.size === 0 ? 0 : (100 * health) / this.#services.size, 1),
      ai_capacity: rounded(this.#capacity, 2),
      load: rounded(routable === 0 ? 1 : this.#load / routable, 3),
    }
  }

  inputs(): ClusterInputs {
    return { services: this.#services.size, ...this.#inputs }
  }
}

function bounded(value: number): number {
  return Math.min(1, Math.max(0, value))
}

function rounded(value: number, digits: number): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}
