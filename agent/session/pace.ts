/** How history is told so that nobody is flooded: one batch at a time, each acknowledged before the next. */
export type ReplayPace = {
  /** It begins at a random moment within this time, since agents come back together. Milliseconds, as all times here. */
  readonly startWithinMs: number
  /** From one batch to the next at least: five in a second at most. */
  readonly everyMs: number
  /** Of one batch, and so of all that is on its way. */
  readonly mostBytes: number
  /** A batch that was not acknowledged for so long is told again. */
  readonly answerWithinMs: number
}

export const replayPace: ReplayPace = {
  startWithinMs: 30_000,
  everyMs: 200,
  mostBytes: 32 * 1024,
  answerWithinMs: 120_000,
}
