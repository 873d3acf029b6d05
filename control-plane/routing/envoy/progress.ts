/** How far an Envoy has proven to follow: the newest revision of which everything that was sent has been answered. */
export class Progress {
  #proven: number | undefined
  /** Everything up to `revision` is sent, and proven once these are answered. */
  #awaited: { readonly revision: number; readonly nonces: Set<string> } | undefined

  get proven(): number | undefined {
    return this.#proven
  }

  /** Nothing of `revision` is left to send; `unanswered` are the answers that the Envoy has not replied to. */
  allSent(revision: number, unanswered: Iterable<string>): void {
    const nonces = new Set(unanswered)
    if (nonces.size === 0) {
      this.#proven = revision
      this.#awaited = undefined
      // An earlier state is proven sooner: it stays, or under constant change nothing would ever be proven.
    } else this.#awaited ??= { revision, nonces }
  }

  answered(nonce: string): void {
    if (!this.#awaited?.nonces.delete(nonce) || this.#awaited.nonces.size > 0) return
    this.#proven = this.#awaited.revision
    this.#awaited = undefined
  }
}
