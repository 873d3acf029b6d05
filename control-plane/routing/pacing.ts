/** A change that must not wait for company, or one that may. */
export type Lane = 'urgent' | 'gathered'

/** Publishing takes at most this share of the time, so that a storm of removals cannot starve everything else. */
const mostShare = 0.2
/** But never holds back for longer than this. */
const mostHeldBackMs = 50

/**
 * When what has changed goes out: removals at once, everything else once company has had time to come. After a publication that took long,
 * even removals wait until it was at most a fifth of the time. Times in milliseconds on one steady clock.
 */
export class Pacing {
  readonly #gatherMs: number
  #notBefore = 0
  #dueAt: number | undefined

  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs
  }

  /** A change has come. Answers when everything that is pending goes out; a time that is not after `now` means at once. */
  changed(lane: Lane, now: number): number {
    const wished = lane === 'urgent' ? now : now + this.#gatherMs
    const due = Math.max(wished, this.#notBefore)
    this.#dueAt = Math.min(this.#dueAt ?? due, due)
    return this.#dueAt
  }

  published(startedAt: number, endedAt: number): void {
    this.#dueAt = undefined
    this.#notBefore = endedAt + Math.min((endedAt - startedAt) * (1 / mostShare - 1), mostHeldBackMs)
  }
}
