import { addAllTook, type Took } from '#shared/protocol/latency.ts'

/** Requests, those of them that were answered with 5xx, and how long all took together in milliseconds. */
export type Count = {
  readonly requests: number
  readonly errors: number
  readonly totalMs: number
  /** By the slots of `latencyBoundsMs`; left out where nobody has looked at each of them. */
  readonly took?: Took | undefined
}

/** What has gone through a route of a gateway since the last count. */
export type RouteCount = Count & { readonly route: string }

/** What a gateway has asked of a service since the last count. */
export type ServiceCount = Count & { readonly service: string }

/** One value that a service's instance told of itself: requests or errors a second, or the P95 of its latency in milliseconds. */
export type ServiceSample = {
  readonly service: string
  readonly instance: string
  readonly kind: 'requests' | 'errors' | 'latency'
  readonly value: number
  /** Epoch milliseconds. */
  readonly at: number
}

export type Total = Required<Count> & { readonly took: Took }

const bucketMs = 5_000
/** What is older is kept by the minute. */
const fineMs = 600_000
const coarseMs = 60_000
const keptMs = 3_600_000
/** An instance says what it does every 15 s; a value holds until then. */
const sampleMs = 15_000

type Sum = { requests: number; errors: number; totalMs: number; readonly took: number[] }
type Sums = Map<string, Sum>
/** What came within `bucketMs` of the first count of it, or `coarseMs`. */
type Bucket = { readonly from: number; readonly routes: Sums; readonly services: Sums }

/**
 * What went through the gateways in the last hour, by gateway and route and by gateway and service, as whoever reads their logs and counters
 * says it; and what services say of themselves. What nobody has counted is unknown, not nothing.
 */
export class Traffic {
  readonly #gateways = new Map<string, Bucket[]>()
  readonly #samples = new Map<string, ServiceSample[]>()

  /** Takes what was counted of a gateway up to `at` (epoch milliseconds); an empty list says that nothing came. */
  count(gateway: string, routes: readonly RouteCount[], at: number, services: readonly ServiceCount[] = []): void {
    const buckets = this.#gateways.getOrInsertComputed(gateway, () => [])
    let bucket = buckets.at(-1)
    if (!bucket || at >= bucket.from + bucketMs) {
      bucket = { from: at, routes: new Map(), services: new Map() }
      buckets.push(bucket)
      coarsen(buckets, at)
    }
    for (const count of routes) add(bucket.routes, count.route, count)
    for (const count of services) add(bucket.services, count.service, count)
    while (buckets[0] && buckets[0].from <= at - keptMs) buckets.shift()
  }

  /** Takes what an instance said of itself. */
  sample(sample: ServiceSample): void {
    const samples = this.#samples.getOrInsertComputed(sample.service, () => [])
    samples.push(sample)
    while (samples[0] && samples[0].at <= sample.at - keptMs) samples.shift()
  }

  /** What was counted of the routes of a gateway since a time, nothing from before it; undefined: nobody has counted. */
  since(gateway: string, from: number): ReadonlyMap<string, Total> | undefined {
    return this.#sums([gateway], from, ({ routes }) => routes)
  }

  /**
   * What these gateways have asked of each service since a time, nothing from before it, all together; undefined: nobody has counted at any
   * of them. A service that is not in it was not asked. Each request counts once, whatever was tried again for it.
   */
  servicesSince(gateways: Iterable<string>, from: number): ReadonlyMap<string, Total> | undefined {
    return this.#sums(gateways, from, ({ services }) => services)
  }

  /** What services say that they were asked since a time, all together; undefined: none has said anything. */
  ofServices(
    services: Iterable<string>,
    from: number,
  ): { readonly requests: number; readonly errors: number; readonly latencyMs: number | undefined } | undefined {
    const samples = [...new Set(services)].flatMap((service) => this.#samples.get(service) ?? [])
    const fresh = samples.filter(({ at }) => at > from)
    if (fresh.length === 0) return undefined
    const sum = (kind: ServiceSample['kind']) =>
      fresh.reduce((total, each) => total + (each.kind === kind ? each.value * (sampleMs / 1000) : 0), 0)
    const latencies = fresh.filter(({ kind }) => kind === 'latency').map(({ value }) => value)
    return {
      requests: sum('requests'),
      errors: sum('errors'),
      latencyMs: latencies.length === 0 ? undefined : Math.max(...latencies),
    }
  }

  #sums(
    gateways: Iterable<string>,
    from: number,
    of: (bucket: Bucket) => Sums,
  ): ReadonlyMap<string, Total> | undefined {
    const buckets = [...new Set(gateways)].flatMap((gateway) => this.#gateways.get(gateway) ?? [])
    const wanted = buckets.filter((bucket) => bucket.from >= from)
    if (wanted.length === 0) return undefined
    const totals: Sums = new Map()
    for (const bucket of wanted) for (const [name, sum] of of(bucket)) add(totals, name, sum)
    return totals
  }
}

function add(sums: Sums, name: string, { requests, errors, totalMs, took = [] }: Count): void {
  const sum = sums.getOrInsertComputed(name, () => ({ requests: 0, errors: 0, totalMs: 0, took: [] }))
  sum.requests += requests
  sum.errors += errors
  sum.totalMs += totalMs
  addAllTook(sum.took, took)
}

/** Puts what is no longer looked at closely into the bucket of its minute. */
function coarsen(buckets: Bucket[], now: number): void {
  let index = buckets.findIndex(({ from }) => from > now - fineMs) - 1
  for (; index > 0; index -= 1) {
    const [before, bucket] = [buckets[index - 1], buckets[index]]
    if (!before || !bucket || minuteOf(bucket) !== minuteOf(before)) break
    for (const [name, sum] of bucket.routes) add(before.routes, name, sum)
    for (const [name, sum] of bucket.services) add(before.services, name, sum)
    buckets.splice(index, 1)
  }
}

function minuteOf({ from }: Bucket): number {
  return Math.floor(from / coarseMs)
}
