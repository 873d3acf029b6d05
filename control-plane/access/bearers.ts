import type { Caller } from './caller.ts'
import type { AccessTokens, Verified } from './tokens.ts'
import type { Voucher } from './vouch.ts'

/** What callers show in `Authorization: Bearer`: tokens of ours, and those that another system vouches for. */
export class Bearers {
  readonly #tokens: AccessTokens
  readonly #voucher: Voucher | undefined

  /** @param voucher undefined: only tokens of ours count */
  constructor(tokens: AccessTokens, voucher: Voucher | undefined) {
    this.#tokens = tokens
    this.#voucher = voucher
  }

  readonly remembered = (text: string, from: string): Caller | undefined =>
    this.#isOther(text) ? this.#voucher?.remembered(text) : this.#tokens.remembered(text, from)

  /** Rejects as the store does, and with VOUCHER_UNAVAILABLE: then nobody is known. */
  readonly verify = async (text: string, from: string): Promise<Verified> => {
    if (!this.#voucher || !this.#isOther(text)) return this.#tokens.verify(text, from)
    const known = this.#voucher.remembered(text)
    if (known) return { kind: 'caller', caller: known }
    // Who tries many is not let have Zervi asked about each.
    const forMs = await this.#tokens.lockedFor(from)
    if (forMs > 0) return { kind: 'locked', forMs }
    const vouched = await this.#voucher.verify(text)
    if (vouched.kind === 'caller') return vouched
    await this.#tokens.failed(from)
    return { kind: 'unknown', why: 'the token is not valid' }
  }

  #isOther(text: string): boolean {
    return this.#voucher !== undefined && !/^hdl[a-z]?\d/i.test(text)
  }
}
