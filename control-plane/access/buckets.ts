/** So many calls a second in the long run, and so many at once. */
export type Rate = { readonly per_second: number; readonly burst: number }

type Bucket = { left: number; at: number }

/**
 * A token bucket for each key. Of at most `most` keys: those not used for longest are forgotten, half of them at a time, so that a call
 * costs the same however many there are. Who is forgotten begins with a full bucket.
 */
export class Buckets {
  readonly #perMs: number
  readonly #burst: number
  readonly #generation: number
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()

  constructor({ per_second, burst }: Rate, most: number) {
    this.#perMs = per_second / 1000
    this.#burst = burst
    this.#generation = Math.max(1, Math.floor(most / 2))
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Takes one from the bucket of a key. Returns 0, or for how many milliseconds there is none. @param now milliseconds that only rise */
  take(key: string, now: number): number {
    const bucket = this.#young.get(key) ?? this.#find(key, now)
    // A clock that was set back gives nothing and takes nothing.
    const passedMs = now > bucket.at ? now - bucket.at : 0
    bucket.left = Math.min(this.#burst, bucket.left + passedMs * this.#perMs)
    bucket.at = now
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) / this.#perMs)
    bucket.left -= 1
    return 0
  }

  #find(key: string, now: number): Bucket {
    const known = this.#old.get(key)
    if (known) this.#old.delete(key)
    else if (this.#young.size >= this.#generation) {
      this.#old = this.#young
      this.#young = new Map()
    }
    const bucket = known ?? { left: this.#burst, at: now }
    this.#young.set(key, bucket)
    return bucket
  }
}
