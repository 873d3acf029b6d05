type Entry<V> = { readonly value: V; readonly until: number; readonly weight: number }

/** What was used last, up to a number of entries and to what they weigh together. What is over is not there any more. */
export class Cache<V> {
  readonly #most: number
  readonly #mostWeight: number
  /** In the order of their use. */
  readonly #entries = new Map<string, Entry<V>>()
  #weight = 0

  constructor({ most, mostWeight }: { readonly most: number; readonly mostWeight: number }) {
    this.#most = most
    this.#mostWeight = mostWeight
  }

  get size(): number {
    return this.#entries.size
  }

  /** @param now by the clock of `until` */
  get(key: string, now: number): V | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    if (now >= entry.until) {
      this.#drop(key, entry)
      return undefined
    }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** Keeps a value until that moment, unless it is too heavy for all of the cache. */
  set(key: string, value: V, { until, weight }: { readonly until: number; readonly weight: number }): void {
    const before = this.#entries.get(key)
    if (before) this.#drop(key, before)
    if (weight > this.#mostWeight) return
    this.#entries.set(key, { value, until, weight })
    this.#weight += weight
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#most && this.#weight <= this.#mostWeight) return
      this.#drop(oldest, entry)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#weight = 0
  }

  #drop(key: string, { weight }: Entry<V>): void {
    this.#entries.delete(key)
    this.#weight -= weight
  }
}
