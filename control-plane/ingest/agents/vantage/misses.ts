/** A vantage that could not see an instance, though that seemed well. `at` in milliseconds of a monotonic clock. */
export type Miss = { readonly instance: string; readonly vantage: string; readonly at: number }

/**
 * Failed looks at instances that seemed well. Whether the vantage has lost sight of the instance or the instance has just died shows only
 * later: who dies takes its agent along, or is told of by it.
 */
export class Misses {
  readonly #open = new Map<string, Miss>()
  readonly #sureAfterMs: number

  /** @param sureAfterMs an agent that is heard of so much later has looked at its instances meanwhile, and still finds them well */
  constructor(sureAfterMs: number) {
    this.#sureAfterMs = sureAfterMs
  }

  get size(): number {
    return this.#open.size
  }

  add(miss: Miss): void {
    this.#open.set(`${miss.vantage} ${miss.instance}`, miss)
  }

  /**
   * Takes out the misses that have been decided, and gives those that mean that sight was lost.
   * @param wellSince when the agent of an instance was last heard of; undefined: it is out of contact, or does not call the instance well
   */
  settle(wellSince: (instance: string) => number | undefined): readonly Miss[] {
    const lost: Miss[] = []
    for (const [key, miss] of this.#open) {
      const heardAt = wellSince(miss.instance)
      if (heardAt !== undefined && heardAt < miss.at + this.#sureAfterMs) continue
      this.#open.delete(key)
      if (heardAt !== undefined) lost.push(miss)
    }
    return lost
  }
}
