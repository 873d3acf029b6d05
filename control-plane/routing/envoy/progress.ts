import { leaveOut } from './leave-out.ts'

/** Which offer, at which revision of the fleet. A new declaration makes a new offer at the same revision. */
export type Mark = { readonly offer: number; readonly revision: number }

/** One answer to an Envoy, the same object all along. */
type Answer = unknown

/** How far an Envoy has proven to follow: the newest mark of which everything that was sent has been answered. */
export class Progress {
  #proven: Mark | undefined
  /** Everything up to this is sent, and proven once `#unanswered` are answered. */
  #awaited: Mark | undefined
  #unanswered: Answer[] = []

  get proven(): Mark | undefined {
    return this.#proven
  }

  /** Nothing of `mark` is left to send; `unanswered` are the answers that the Envoy has not replied to. */
  allSent(mark: Mark, unanswered: readonly Answer[]): void {
    if (unanswered.length === 0) {
      this.#proven = mark
      this.#awaited = undefined
      return
    }
    // An earlier state is proven sooner: it stays, or under constant change nothing would ever be proven.
    if (this.#awaited) return
    this.#awaited = mark
    this.#unanswered = unanswered.slice()
  }

  answered(answer: Answer): void {
    if (!this.#awaited) return
    if (!leaveOut(this.#unanswered, answer) || this.#unanswered.length > 0) return
    this.#proven = this.#awaited
    this.#awaited = undefined
  }
}
