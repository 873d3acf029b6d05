type Mode = 'share' | 'exclusive'
type Waiting = { readonly mode: Mode; readonly granted: () => void }

/** The lock of a row, as a database has it: many may share it, one may have it alone, and nobody overtakes. */
export class RowLock {
  #shared = 0
  #exclusive = false
  readonly #waiting: Waiting[] = []

  /** Calls `granted` once it is had; then `release` has to be called. */
  take(mode: Mode, granted: () => void): void {
    this.#waiting.push({ mode, granted })
    this.#grant()
  }

  release(mode: Mode): void {
    if (mode === 'share') this.#shared -= 1
    else this.#exclusive = false
    this.#grant()
  }

  #grant(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (this.#exclusive || (next.mode === 'exclusive' && this.#shared > 0)) return
      this.#waiting.shift()
      if (next.mode === 'share') this.#shared += 1
      else this.#exclusive = true
      next.granted()
    }
  }
}
