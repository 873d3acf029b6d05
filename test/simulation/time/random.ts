/** Everything in a history that is left to chance comes from one of these, so that its seed brings the same history again. */
export class Random {
  #state: number

  /** @param seed any whole number */
  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0
    // Neighbouring seeds must not begin alike.
    for (let n = 0; n < 4; n += 1) this.next()
  }

  /** A number in [0, 1) (mulberry32). */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  /** A whole number, both ends included. */
  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1))
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  /** One of them; undefined if there is none. */
  pick<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.next() * choices.length)]
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let at = 0; at < count; at += 1) bytes[at] = Math.floor(this.next() * 256)
    return bytes
  }
}
