/** What one attempt to read a page came to. */
export type Attempt =
  | { readonly kind: 'read' }
  /** There is none here. */
  | { readonly kind: 'absent'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

export type PagePace = {
  readonly everyMs: number
  /** Whether somebody said that there is a page. */
  readonly expected: boolean
}

export type History = {
  /** It has been read at least once. */
  readonly known: boolean
  /** Attempts in a row that did not succeed. */
  readonly misses: number
}

const absentForMs = 10 * 60_000
const mostWaitMs = 5 * 60_000

export const noHistory: History = { known: false, misses: 0 }

/**
 * What an HTTP answer without numbers says of the page. Not only 404: a login, a redirect, and a page of something else say that there
 * is none for us; an error of the service says nothing of whether there is one.
 */
export function attemptOf(status: number, samples: number): Attempt {
  if (status === 200) return samples > 0 ? { kind: 'read' } : { kind: 'absent', why: 'no numbers in it' }
  const why = `http ${status}`
  return status >= 300 && status < 500 && status !== 408 && status !== 429
    ? { kind: 'absent', why }
    : { kind: 'failed', why }
}

/** The history with one more attempt. */
export function after({ known, misses }: History, attempt: Attempt): History {
  return attempt.kind === 'read' ? { known: true, misses: 0 } : { known, misses: misses + 1 }
}

/**
 * How long to wait before the next attempt, in milliseconds. A page that nobody spoke of and that was never there is left in peace for
 * a while after the first miss, whatever the miss was; one that is expected is asked for ever more seldom.
 */
export function waitMs({ everyMs, expected }: PagePace, { known, misses }: History): number {
  if (misses === 0) return everyMs
  if (!expected && !known) return Math.max(absentForMs, everyMs)
  return Math.max(everyMs, Math.min(mostWaitMs, everyMs * 2 ** Math.min(misses, 10)))
}
