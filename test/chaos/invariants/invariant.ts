import type { History } from '../history.ts'

/** One way in which a promise was broken, with what shows it. */
export type Broken = {
  readonly invariant: string
  /** When it was seen, in milliseconds since the play began. */
  readonly at: number
  readonly evidence: string
}

/** A promise, and how it is held against what happened. */
export type Invariant = {
  readonly name: string
  readonly check: (history: History) => readonly Omit<Broken, 'invariant'>[]
}
