/** What an agent says of itself; undefined: it does not answer. */
export type HealthSeen = { readonly version: string; readonly connected: boolean } | undefined

export type Proof = {
  readonly version: string
  /** It must be in contact with a plane. */
  readonly connected: boolean
  /** Milliseconds. */
  readonly wellForMs: number
  readonly withinMs: number
}

export type Proven =
  | { readonly kind: 'well' }
  | { readonly kind: 'late'; readonly why: string }
  | { readonly kind: 'wait' }

/** Judges look after look whether the new agent is well. Times by any clock that only rises. */
export class WellCheck {
  readonly #proof: Proof
  readonly #began: number
  #wellSince: number | undefined
  #why = 'it did not answer'

  constructor(proof: Proof, now: number) {
    this.#proof = proof
    this.#began = now
  }

  look(seen: HealthSeen, now: number): Proven {
    const { wellForMs, withinMs } = this.#proof
    const ill = this.#ill(seen)
    if (ill === undefined) this.#wellSince ??= now
    else {
      this.#wellSince = undefined
      this.#why = ill
    }
    if (this.#wellSince !== undefined && now - this.#wellSince >= wellForMs) return { kind: 'well' }
    // Who is well at the end of the time may finish.
    const late =
      now - this.#began >= withinMs && (this.#wellSince === undefined || now - this.#began >= withinMs + wellForMs)
    return late ? { kind: 'late', why: `within ${Math.round(withinMs / 1000)} s ${this.#why}` } : { kind: 'wait' }
  }

  #ill(seen: HealthSeen): string | undefined {
    const { version, connected } = this.#proof
    if (!seen) return 'it did not answer'
    if (seen.version !== version) return `it was ${seen.version}, not ${version}`
    return connected && !seen.connected ? 'it found no plane, which the former one had' : undefined
  }
}
