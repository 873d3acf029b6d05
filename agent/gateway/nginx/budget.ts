export type ReloadQuestion = {
  readonly now: number
  /** When earlier reloads happened, oldest first. */
  readonly history: readonly number[]
  /** Whether the set takes away an endpoint that must not be called any more, or users from a canary. */
  readonly urgent: boolean
  readonly perMinute: number
  /** Generations of workers that still finish requests, and how many of them may be there. */
  readonly draining: number
  readonly mostDraining: number
}

export type ReloadAnswer =
  | { readonly reload: 'now' }
  | { readonly reload: 'later'; readonly waitMs: number; readonly because: 'budget' | 'draining' }

const windowMs = 60_000
const drainingLookMs = 1000

/**
 * Whether a reload may happen now. Removals always may. Others keep a distance that grows with the reloads of the last
 * minute, so that a burst of small changes becomes few reloads and does not use up the minute at its beginning; the budget
 * itself is never exceeded by them. Times in milliseconds.
 */
export function nextReload(question: ReloadQuestion): ReloadAnswer {
  const { now, urgent, perMinute, draining, mostDraining } = question
  if (urgent) return { reload: 'now' }
  const recent = question.history.filter((at) => at > now - windowMs)
  const last = recent.at(-1)
  if (last !== undefined) {
    const used = recent.length
    const oldestThatCounts = recent.at(-perMinute)
    const freeAt = used < perMinute || oldestThatCounts === undefined ? now : oldestThatCounts + windowMs
    const apartAt = last + (windowMs / perMinute) * Math.min(1, used / perMinute)
    const waitMs = Math.ceil(Math.max(freeAt, apartAt) - now)
    if (waitMs > 0) return { reload: 'later', waitMs, because: 'budget' }
  }
  if (draining >= mostDraining) return { reload: 'later', waitMs: drainingLookMs, because: 'draining' }
  return { reload: 'now' }
}

/** The history without what no longer counts. */
export function remembered(history: readonly number[], now: number): readonly number[] {
  return history.filter((at) => at > now - windowMs)
}
