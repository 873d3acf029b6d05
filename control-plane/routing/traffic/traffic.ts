/** What has gone through a route of a gateway since the last count. */
export type RouteCount = {
  readonly route: string
  readonly requests: number
  /** Of them those answered with 5xx. */
  readonly errors: number
  /** How long all of them took together, in milliseconds. */
  readonly totalMs: number
}

/** One value that a service's instance told of itself: requests or errors a second, or the P95 of its latency in milliseconds. */
export type ServiceSample = {
  readonly service: string
  readonly instance: string
  readonly kind: 'requests' | 'errors' | 'latency'
  readonly value: number
  /** Epoch milliseconds. */
  readonly at: number
}

export type Total = { readonly requests: number; readonly errors: number; readonly totalMs: number }

const bucketMs = 5_000
const keptMs = 3_600_000
/** An instance says what it does every 15 s; a value holds until then. */
const sampleMs = 15_000

type Counts = { requests: number; errors: number; totalMs: number }
/** By route, what came within `bucketMs` of the first count of it. */
type Bucket = { readonly from: number; readonly routes: Map<string, Counts> }

/**
 * What went through the gateways in the last hour, by gateway and route, as whoever reads their logs and counters says it; and what
 * services say of themselves. What nobody has counted is unknown, not nothing.
 */
export class Traffic {
  readonly #gateways = new Map<string, Bucket[]>()
  readonly #samples = new Map<string, ServiceSample[]>()

  /** Takes what was counted of a gateway up to `at` (epoch milliseconds); an empty list says that nothing came. */
  count(gateway: string, counts: readonly RouteCount[], at: number): void {
    const buckets = this.#gateways.getOrInsertComputed(gateway, () => [])
    let bucket = buckets.at(-1)
    if (!bucket || at >= bucket.from + bucketMs) {
      bucket = { from: at, routes: new Map() }
      buckets.push(bucket)
    }
    for (const { route, requests, errors, totalMs } of counts) {
      const known = bucket.routes.getOrInsertComputed(route, () => ({ requests: 0, errors: 0, totalMs: 0 }))
      known.requests += requests
      known.errors += errors
      known.totalMs += totalMs
    }
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
    const buckets = this.#gateways.get(gateway)?.filter((bucket) => bucket.from >= from)
    if (!buckets || buckets.length === 0) return undefined
    const totals = new Map<string, Counts>()
    for (const [route, counts] of buckets.flatMap(({ routes }) => [...routes])) {
      const total = totals.getOrInsertComputed(route, () => ({ requests: 0, errors: 0, totalMs: 0 }))
      total.requests += counts.requests
      total.errors += counts.errors
      total.totalMs += counts.totalMs
    }
    return totals
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
}
