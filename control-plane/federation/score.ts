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

/** The three figures of a cluster, rounded as they are published, so that all who decide by them see the same. */
export function scoresOf(instances: readonly InstanceFacts[]): Scores {
  const counted = instances.filter(({ takenOut }) => !takenOut)
  const callable = counted.filter(({ routable }) => routable !== 'no')
  const services = [...Map.groupBy(counted, ({ service }) => service).values()]
  const health =
    100 *
    mean(
      services.map((each) => mean(each.map(worthOf), 0)),
      0,
    )
  const load = mean(callable.map(loadOf), 1)
  const capacity = callable
    .filter(({ isAi }) => isAi)
    .reduce((sum, each) => sum + (Math.min(each.weight, 100) / 100) * worthOf(each) * (1 - loadOf(each)), 0)
  return { health: rounded(health, 1), ai_capacity: rounded(capacity, 2), load: rounded(load, 3) }
}

export function inputsOf(instances: readonly InstanceFacts[]): ClusterInputs {
  const counted = instances.filter(({ takenOut }) => !takenOut)
  const callable = counted.filter(({ routable }) => routable !== 'no')
  const count = (list: readonly InstanceFacts[], fits: (each: InstanceFacts) => boolean) => list.filter(fits).length
  return {
    services: new Set(counted.map(({ service }) => service)).size,
    instances: instances.length,
    taken_out: instances.length - counted.length,
    routable: callable.length,
    warning: count(callable, ({ warning }) => warning),
    out_of_contact: count(callable, ({ inContact }) => !inContact),
    last: count(callable, ({ routable }) => routable === 'last'),
    measured: count(callable, ({ measuredLoad }) => measuredLoad !== undefined),
    own_word: count(callable, ({ measuredLoad = 1, ownLoad = 0 }) => ownLoad > measuredLoad),
    ai_instances: count(counted, ({ isAi }) => isAi),
    ai_routable: count(callable, ({ isAi }) => isAi),
  }
}

/** @param none of no values */
function mean(values: readonly number[], none: number): number {
  return values.length === 0 ? none : values.reduce((sum, value) => sum + value, 0) / values.length
}

function bounded(value: number): number {
  return Math.min(1, Math.max(0, value))
}

function rounded(value: number, digits: number): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}
