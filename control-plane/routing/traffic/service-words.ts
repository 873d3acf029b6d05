/** One value that a service's instance told of itself: requests or errors a second, or the P95 of its latency in milliseconds. */
export type ServiceSample = {
  readonly service: string
  readonly instance: string
  readonly kind: 'requests' | 'errors' | 'latency'
  readonly value: number
  /** Epoch milliseconds. */
  readonly at: number
}

export type Said = { readonly requests: number; readonly errors: number; readonly latencyMs: number | undefined }

const fineMs = 5_000
/** What is older is kept by the minute. */
const fineForMs = 600_000
const coarseMs = 60_000
const keptMs = 3_600_000
/** An instance says what it does every 15 s; a value holds until then. */
const sampleMs = 15_000

/** What all instances of a service told from a moment (epoch milliseconds) on, for as long as the others in its list. */
type Bucket = { readonly from: number; requests: number; errors: number; latencyMs: number | undefined }
type Words = { readonly fine: Bucket[]; readonly coarse: Bucket[] }

/**
 * What services said of themselves in the last hour, added up over their instances as it comes: however many instances a service has, it takes
 * some twenty kilobytes.
 */
export class ServiceWords {
  readonly #services = new Map<string, Words>()
  #hand: Iterator<[string, Words], void> | undefined

  /** How many services are known to have said something. */
  get size(): number {
    return this.#services.size
  }

  add({ service, kind, value, at }: ServiceSample): void {
    const { fine, coarse } = this.#services.getOrInsertComputed(service, () => ({ fine: [], coarse: [] }))
    const begun = fine.length
    const bucket = bucketOf(fine, at, fineMs)
    if (kind === 'latency') bucket.latencyMs = Math.max(bucket.latencyMs ?? 0, value)
    else bucket[kind] += value * (sampleMs / 1_000)
    if (fine.length === begun) return
    const newest = fine.at(-1)?.from ?? at
    for (let old = fine[0]; old && old.from <= newest - fineForMs; old = fine[0]) {
      fine.shift()
      join(bucketOf(coarse, old.from, coarseMs), old)
    }
    while (coarse[0] && coarse[0].from <= newest - keptMs) coarse.shift()
    this.#forgetOne(newest)
  }

  /**
   * What these services said since a time, all together, to within 5 s and nothing from before it; what is older than 10 minutes is known by
   * the minute. Undefined: none has said anything.
   */
  since(services: Iterable<string>, from: number): Said | undefined {
    const sum: Bucket = { from, requests: 0, errors: 0, latencyMs: undefined }
    let any = false
    for (const service of new Set(services)) {
      const { fine = [], coarse = [] } = this.#services.get(service) ?? {}
      for (const bucket of [...coarse, ...fine]) {
        if (bucket.from <= from) continue
        any = true
        join(sum, bucket)
      }
    }
    const { requests, errors, latencyMs } = sum
    return any ? { requests, errors, latencyMs } : undefined
  }

  /** Looks at the services in turn: what nobody has heard of for an hour goes. */
  #forgetOne(now: number): void {
    this.#hand ??= this.#services.entries()
    const next = this.#hand.next()
    if (next.done === true) {
      this.#hand = undefined
      return
    }
    const [service, { fine }] = next.value
    if ((fine.at(-1)?.from ?? now) <= now - keptMs) this.#services.delete(service)
  }
}

/** The bucket of a moment, in the order of time; what comes late finds its own. */
function bucketOf(buckets: Bucket[], at: number, lengthMs: number): Bucket {
  const from = Math.floor(at / lengthMs) * lengthMs
  const place = buckets.findLastIndex((bucket) => bucket.from <= from)
  const known = buckets[place]
  if (known?.from === from) return known
  const begun: Bucket = { from, requests: 0, errors: 0, latencyMs: undefined }
  buckets.splice(place + 1, 0, begun)
  return begun
}

function join(sum: Bucket, { requests, errors, latencyMs }: Bucket): void {
  sum.requests += requests
  sum.errors += errors
  if (latencyMs !== undefined) sum.latencyMs = Math.max(sum.latencyMs ?? latencyMs, latencyMs)
}
