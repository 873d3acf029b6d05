/** Each bucket is this much wider than the one before it: what is told of a duration is at most so much too long. */
const growth = 1.05
/** Milliseconds: what takes less counts as this much, what takes more as the longest. */
const shortest = 0.1
const longest = 7 * 86_400_000
const buckets = Math.ceil(Math.log(longest / shortest) / Math.log(growth)) + 1

/** So many durations, as counts by length: their quantiles cost the same memory however many there are. */
export class Durations {
  #counts: Uint32Array | undefined
  #count = 0

  get count(): number {
    return this.#count
  }

  /** @param ms less than none counts as none */
  add(ms: number): void {
    this.#counts ??= new Uint32Array(buckets)
    const bucket = bucketOf(ms)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#count += 1
  }

  addAll(others: Durations): void {
    if (!others.#counts) return
    this.#counts ??= new Uint32Array(buckets)
    for (const [bucket, count] of others.#counts.entries()) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count
    this.#count += others.#count
  }

  /** Milliseconds within which this share (0 to 1) of them ended, at most 5% too long; undefined: there are none. */
  quantile(share: number): number | undefined {
    if (!this.#counts || this.#count === 0) return undefined
    const wanted = Math.max(1, Math.ceil(share * this.#count))
    let passed = 0
    for (const [bucket, count] of this.#counts.entries()) {
      passed += count
      if (passed >= wanted) return shortest * growth ** bucket
    }
    return longest
  }
}

function bucketOf(ms: number): number {
  if (!(ms > shortest)) return 0
  return Math.min(buckets - 1, Math.ceil(Math.log(ms / shortest) / Math.log(growth)))
}
