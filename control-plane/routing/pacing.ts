/** A change that must not wait for company, or one that may. */
export type Lane = 'urgent' | 'gathered'

/** Publishing takes at most this share of the time, so that a storm of removals cannot starve everything else. */
const mostShare = 0.2
/**
 * So much may be published ahead of that share. A removal is mostly followed by its own journalled event a few milliseconds later, and
 * its proof by that one: neither is to wait for the other.
 */
const aheadMs = 5
/** But never holds back for longer than this. */
const mostHeldBackMs = 50

/**
 * When what has changed goes out: removals at once, everything else once company has had time to come. Where publications take long,
 * even removals wait, so that over time they are at most a fifth of it (a leaky bucket kept as one number, as in the generic cell rate
 * algorithm of ITU-T I.371). Times in milliseconds on one steady clock.
 */
export class Pacing {
  readonly #gatherMs: number
  /** When all that was published will have been a fifth of the time. */
  #paidAt = 0
  #dueAt: number | undefined

  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs
  }

  /** A change has come. Answers when everything that is pending goes out; a time that is not after `now` means at once. */
  changed(lane: Lane, now: number): number {
    const wished = lane === 'urgent' ? now : now + this.#gatherMs
    const due = Math.max(wished, this.#paidAt - aheadMs / mostShare)
    this.#dueAt = Math.min(this.#dueAt ?? due, due)
    return this.#dueAt
  }

  published(startedAt: number, endedAt: number): void {
    this.#dueAt = undefined
    const paidAt = Math.max(this.#paidAt, startedAt) + (endedAt - startedAt) / mostShare
    this.#paidAt = Math.min(paidAt, endedAt + mostHeldBackMs + aheadMs / mostShare)
  }
}
