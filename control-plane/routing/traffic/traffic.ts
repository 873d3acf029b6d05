import { addAllTook, type Took } from '#shared/protocol/latency.ts'
import { type Said, type ServiceSample, ServiceWords } from './service-words.ts'

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

export type Total = Required<Count> & { readonly took: Took }

const bucketMs = 5_000
/** What is older is kept by the minute. */
const fineMs = 600_000
const coarseMs = 60_000
const keptMs = 3_600_000
/** Gateways of which counts are kept, and names of routes and of services in one bucket: what agents say is not believed beyond. */
const mostGateways = 1_000
const mostNames = 10_000

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
  readonly #said = new ServiceWords()
  #leftOut = 0

  /** Counts for which there was no room, since the start. */
  get leftOut(): number {
    return this.#leftOut
  }

  /** Takes what was counted of a gateway up to `at` (epoch milliseconds); an empty list says that nothing came. */
  count(gateway: string, routes: readonly RouteCount[], at: number, services: readonly ServiceCount[] = []): void {
    const buckets = this.#bucketsOf(gateway, at)
    if (!buckets) {
      this.#leftOut += routes.length + services.length
      return
    }
    let bucket = buckets.at(-1)
    if (!bucket || at >= bucket.from + bucketMs) {
      bucket = { from: at, routes: new Map(), services: new Map() }
      buckets.push(bucket)
      coarsen(buckets, at)
    }
    for (const count of routes) this.#add(bucket.routes, count.route, count)
    for (const count of services) this.#add(bucket.services, count.service, count)
    while (buckets[0] && buckets[0].from <= at - keptMs) buckets.shift()
  }

  /** Takes what an instance said of itself. */
  sample(sample: ServiceSample): void {
    this.#said.add(sample)
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
  ofServices(services: Iterable<string>, from: number): Said | undefined {
    return this.#said.since(services, from)
  }

  /** Undefined: there is no room for another gateway. */
  #bucketsOf(gateway: string, at: number): Bucket[] | undefined {
    const known = this.#gateways.get(gateway)
    if (known) return known
    if (this.#gateways.size >= mostGateways) {
      for (const [name, buckets] of this.#gateways) {
        if ((buckets.at(-1)?.from ?? 0) <= at - keptMs) this.#gateways.delete(name)
      }
    }
    if (this.#gateways.size >= mostGateways) return undefined
    const buckets: Bucket[] = []
    this.#gateways.set(gateway, buckets)
    return buckets
  }

  #add(sums: Sums, name: string, count: Count): void {
    if (hasRoom(sums, name)) add(sums, name, count)
    else this.#leftOut += 1
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

function hasRoom(sums: Sums, name: string): boolean {
  return sums.size < mostNames || sums.has(name)
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
    for (const [name, sum] of bucket.routes) if (hasRoom(before.routes, name)) add(before.routes, name, sum)
    for (const [name, sum] of bucket.services) if (hasRoom(before.services, name)) add(before.services, name, sum)
    buckets.splice(index, 1)
  }
}

function minuteOf({ from }: Bucket): number {
  return Math.floor(from / coarseMs)
}
