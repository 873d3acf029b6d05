/** Which offer, at which revision of the fleet. A new declaration makes a new offer at the same revision. */
export type Mark = { readonly offer: number; readonly revision: number }

/** How far an Envoy has proven to follow: the newest mark of which everything that was sent has been answered. */
export class Progress {
  #proven: Mark | undefined
  /** Everything up to `mark` is sent, and proven once these are answered. */
  #awaited: { readonly mark: Mark; readonly nonces: Set<string> } | undefined

  get proven(): Mark | undefined {
    return this.#proven
  }

  /** Nothing of `mark` is left to send; `unanswered` are the answers that the Envoy has not replied to. */
  allSent(mark: Mark, unanswered: Iterable<string>): void {
    const nonces = new Set(unanswered)
    if (nonces.size === 0) {
      this.#proven = mark
      this.#awaited = undefined
      // An earlier state is proven sooner: it stays, or under constant change nothing would ever be proven.
    } else this.#awaited ??= { mark, nonces }
  }

  answered(nonce: string): void {
    if (!this.#awaited?.nonces.delete(nonce) || this.#awaited.nonces.size > 0) return
    this.#proven = this.#awaited.mark
    this.#awaited = undefined
  }
}
