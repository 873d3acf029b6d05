import { randomFillSync } from 'node:crypto'

const nameBytes = 9
const namesAtOnce = 256

/** Names of sessions that nobody can guess. Random bytes are asked for many at a time: one at a time costs more than a message. */
export class SessionNames {
  readonly #bytes = Buffer.alloc(nameBytes * namesAtOnce)
  #used = this.#bytes.length

  next(): string {
    if (this.#used === this.#bytes.length) {
      randomFillSync(this.#bytes)
      this.#used = 0
    }
    const name = this.#bytes.toString('base64url', this.#used, this.#used + nameBytes)
    this.#used += nameBytes
    return `s-${name}`
  }
}
