export type RateLimits = { readonly most: number; readonly withinMs: number }

const mostAddresses = 10_000

/** Bounds how often an address may try to sign in at this plane. */
export class SignInRate {
  readonly #limits: RateLimits
  readonly #now: () => number
  #tries = new Map<string, number>()
  #since = 0

  constructor(limits: RateLimits, now: () => number = Date.now) {
    this.#limits = limits
    this.#now = now
  }

  /** Counts one. Resolves with how long to wait, milliseconds; 0: go on. */
  take(address: string): number {
    const now = this.#now()
    const { most, withinMs } = this.#limits
    if (now - this.#since >= withinMs || now < this.#since) {
      this.#since = now
      this.#tries = new Map()
    }
    const tries = this.#tries.get(address) ?? 0
    // Addresses without end are one caller.
    const key = this.#tries.size >= mostAddresses && tries === 0 ? '' : address
    const count = (this.#tries.get(key) ?? 0) + 1
    this.#tries.set(key, count)
    return count > most ? this.#since + withinMs - now : 0
  }
}
