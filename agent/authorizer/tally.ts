import type { Judgement } from './judgement.ts'

export type Counts = {
  readonly asked: number
  /** Answered without asking anybody. */
  readonly known: number
} & Readonly<Record<Judgement['kind'], number>>

/** How often an authorizer was asked, and what it answered. */
export class Tally {
  #asked = 0
  #known = 0
  readonly #answers: Record<Judgement['kind'], number> = { granted: 0, refused: 0, forbidden: 0, unable: 0 }

  asked(known: boolean): void {
    this.#asked += 1
    if (known) this.#known += 1
  }

  answered(kind: Judgement['kind']): void {
    this.#answers[kind] += 1
  }

  get counts(): Counts {
    return { asked: this.#asked, known: this.#known, ...this.#answers }
  }
}
