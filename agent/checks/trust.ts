/**
 * Whether a server may be left with an idle connection of ours. One that serves a single connection at a time would hang on it, so
 * each run of a server proves first that it answers beside it.
 */
export type Trust =
  | { readonly kind: 'unproven'; readonly strikes: number }
  | { readonly kind: 'proven' }
  | { readonly kind: 'withheld' }

export type Lesson =
  /** It answered on a new connection while another lay idle. */
  | 'answered-beside'
  /** It did not answer soon enough beside an idle one: busy, or blocked by it. */
  | 'slow-beside'
  /** It answered only when the idle one was gone, or only on a second connection. */
  | 'blocked'
  /** Its process is gone: the next one proves itself anew. */
  | 'gone'

const mostStrikes = 3

export const unproven: Trust = { kind: 'unproven', strikes: 0 }

export function afterLesson(trust: Trust, lesson: Lesson): Trust {
  switch (lesson) {
    case 'gone':
      return unproven
    case 'blocked':
      return { kind: 'withheld' }
    case 'answered-beside':
      return trust.kind === 'unproven' ? { kind: 'proven' } : trust
    case 'slow-beside': {
      if (trust.kind !== 'unproven') return trust
      const strikes = trust.strikes + 1
      return strikes >= mostStrikes ? { kind: 'withheld' } : { kind: 'unproven', strikes }
    }
  }
}

/** How long a server may take to answer beside an idle connection, given how long it took alone. Milliseconds. */
export function patienceMs(aloneMs: number, timeoutMs: number): number {
  return Math.min(Math.max(150, 3 * aloneMs), timeoutMs / 2)
}
