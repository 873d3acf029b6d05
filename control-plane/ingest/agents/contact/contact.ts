import type { Contact } from '../../../fleet/belief.ts'

/** What the plane has before its eyes of a node. Times in milliseconds of a monotonic clock. */
export type Sign =
  /** It has a session. */
  | { readonly kind: 'live'; readonly session: string; readonly heardAt: number }
  /** Its session ended. */
  | { readonly kind: 'gone'; readonly since: number; readonly goodbye: boolean }
  /** It has not come back since the plane started, or since its plane died. */
  | { readonly kind: 'awaited'; readonly until: number }
  /** Another plane watches it. heardAt: when that one last heard it, as far as it has told. */
  | { readonly kind: 'elsewhere'; readonly heardAt: number | undefined }

export type ContactLimits = {
  /** A session is gone for this long: suspect. */
  readonly suspectAfterMs: number
  /** Nothing was heard for this long: suspect. */
  readonly silentAfterMs: number
  /** From the end of the session to lost. */
  readonly graceMs: number
}

/** What another plane has heard is known here so much later at most. */
const toldWithinMs = 1_000

const rank = { none: 0, connected: 0, suspect: 1, lost: 2 } as const satisfies Record<Contact, number>

/**
 * What the contact is now. It only gets worse by itself: better it gets by a message of the node.
 * @param known what is believed so far
 */
export function contactNow(sign: Sign, known: Contact, now: number, limits: ContactLimits): Contact {
  if (known === 'none') return known
  switch (sign.kind) {
    case 'live': {
      const silentMs = now - sign.heardAt
      if (silentMs < limits.silentAfterMs) return 'connected'
      return worse(known, silentMs < limits.graceMs ? 'suspect' : 'lost')
    }
    case 'gone':
      return worse(known, afterEnd(now - sign.since, limits.suspectAfterMs, limits.graceMs))
    case 'awaited':
      return worse(known, afterEnd(now - sign.until, 0, limits.graceMs))
    case 'elsewhere':
      return known
  }
}

/**
 * Whether a node that still counts as connected has not been heard of as often as it should: nobody can build on it.
 * @param beatMs the time between two beats, with some room
 */
export function isOverdue(sign: Sign, now: number, beatMs: number): boolean {
  if (sign.kind === 'elsewhere') return sign.heardAt === undefined || now - sign.heardAt > beatMs + toldWithinMs
  return sign.kind !== 'live' || now - sign.heardAt > beatMs
}

/**
 * A plane that was stopped itself (by a debugger, by its host) has not heard anyone: that is not their silence.
 * @param now nobody was heard later than now, whatever has been read since
 */
export function forgive(sign: Sign, pausedMs: number, now: number): Sign {
  switch (sign.kind) {
    case 'live':
      return { ...sign, heardAt: Math.min(now, sign.heardAt + pausedMs) }
    case 'gone':
      return { ...sign, since: Math.min(now, sign.since + pausedMs) }
    case 'awaited':
      return { ...sign, until: sign.until + pausedMs }
    case 'elsewhere':
      return sign
  }
}

function afterEnd(elapsedMs: number, suspectAfterMs: number, graceMs: number): Contact {
  if (elapsedMs >= graceMs) return 'lost'
  return elapsedMs >= suspectAfterMs ? 'suspect' : 'connected'
}

function worse(a: Contact, b: Contact): Contact {
  return rank[a] >= rank[b] ? a : b
}
