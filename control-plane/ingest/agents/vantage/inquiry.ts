import { type Answer, isSilence, type Look, looksNeeded, type Shaky } from './death.ts'
import { type LineKind, Patience } from './patience.ts'
import type { Vantage } from './vantage.ts'

/** How the node of an instance is that may be dead. */
export type Condition = {
  /** False: one beat of it is missing. */
  readonly suspect: boolean
  readonly shaky: Shaky | undefined
}

/** After a look in which a vantage was not heard, the next comes so soon, and later each time. */
const soonMs = 1_000

/** What has been found out about an instance since its node was missed. Times in milliseconds of a monotonic clock. */
export class Inquiry implements Look {
  readonly early: boolean
  readonly askedAt: number
  readonly vantages: readonly Vantage[]
  readonly silentBefore: number
  readonly agentsAbsent: boolean
  readonly answers: Answer[] = []
  /** What is found out of the lines, together with the silent looks just before this one. */
  readonly patience: Patience
  /** Looks just before this one from which nothing could be concluded. */
  readonly #unclearBefore: number
  #shaky: Shaky | undefined

  /** Begins a look. @param before the inquiry so far, if there is one @param agentsAbsent none of the agents that saw it can be heard */
  constructor(
    vantages: readonly Vantage[],
    { suspect, shaky }: Condition,
    now: number,
    before?: Inquiry,
    agentsAbsent = false,
  ) {
    this.vantages = vantages
    this.agentsAbsent = agentsAbsent
    this.early = !suspect
    this.askedAt = now
    this.#shaky = shaky
    const goesOn =
      before && isSilence(before) && !before.shaky && !before.agentsAbsent && before.line !== 'slow'
        ? before
        : undefined
    this.silentBefore = goesOn ? goesOn.silentBefore + 1 : 0
    this.patience = goesOn?.patience ?? new Patience()
    this.#unclearBefore = before?.isUnclear ? before.#unclearBefore + 1 : 0
  }

  get waiting(): number {
    return this.vantages.length - this.answers.length
  }

  get line(): LineKind {
    return this.patience.line
  }

  get shaky(): Shaky | undefined {
    return this.#shaky
  }

  /** Every vantage that is asked answers once, if only that it was not heard. */
  hear(answer: Answer): void {
    this.answers.push(answer)
  }

  /** Silence proves nothing in a look in which the network was in doubt at any moment, even when the doubt is gone. */
  doubt(shaky: Shaky | undefined): void {
    this.#shaky = shaky ?? this.#shaky
  }

  /** Whether it is time for the next look. */
  isOver({ suspect, shaky }: Condition, now: number, askEveryMs: number): boolean {
    // What was found before it was suspect may have changed; only silence goes on.
    if (this.early && suspect && this.answers.some(({ finding }) => finding !== 'no-answer')) return true
    if (this.waiting > 0) return false
    const sinceMs = now - this.askedAt
    if (this.#shaky) return !shaky || sinceMs >= askEveryMs
    if (
      isSilence(this) &&
      this.line !== 'slow' &&
      !this.agentsAbsent &&
      this.silentBefore + 1 < looksNeeded(this.answers)
    )
      return true
    // A slow line will not be a quick one a second later.
    const isSoon = this.isUnclear && this.line !== 'slow'
    const waitMs = isSoon ? Math.min(askEveryMs, soonMs * 2 ** this.#unclearBefore) : askEveryMs
    return sinceMs >= waitMs
  }

  get isUnclear(): boolean {
    return this.line === 'slow' || this.answers.some(({ finding }) => finding === 'unanswered' || finding === 'other')
  }
}
