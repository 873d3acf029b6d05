import type { AuthorityState } from '../fleet/identity.ts'

/** An authority as far as its turn goes. */
export type Turn = {
  readonly id: string
  readonly state: AuthorityState
  /** Since when it is in its state. Times are epoch milliseconds. */
  readonly since: number
  readonly notAfter: number
}

export type RotationFacts = {
  readonly now: number
  /** Somebody asked for a new authority, and there is none under way. */
  readonly asked: boolean
  /** Whether every node in contact has confirmed that it trusts the one that is next. */
  readonly confirmed: boolean
  /** Who signs was made by somebody else, and so is the one after it: none of ours takes its place unless somebody asks. */
  readonly outside: boolean
}

export type RotationStep =
  | { readonly kind: 'make-next' }
  /** It signs from now on; who did so before retires. */
  | { readonly kind: 'activate'; readonly id: string; readonly retires: string | undefined }
  | { readonly kind: 'retire'; readonly id: string }

const day = 24 * 3_600_000

/** Waits of a rotation, milliseconds. */
export type RotationTimes = {
  /** The next authority is made so long before the active one ends. */
  readonly aheadMs: number
  /** The next one becomes active after so long, whatever is confirmed: a node that was off for as long enrols anew. */
  readonly patienceMs: number
  /** So long one that does not sign any more is trusted: a certificate's life, then the time in which it may be renewed, and a day. */
  readonly trustedMs: number
}

export const rotationTimes: RotationTimes = { aheadMs: 365 * day, patienceMs: 30 * day, trustedMs: (30 + 30 + 1) * day }

/**
 * What is to be done now, one step at a time; undefined: nothing. At every moment one authority signs, and whatever was signed by one that
 * did so earlier is trusted for as long as it holds or may be renewed.
 */
export function nextStep(
  turns: readonly Turn[],
  { now, asked, confirmed, outside }: RotationFacts,
  { aheadMs, patienceMs, trustedMs }: RotationTimes = rotationTimes,
): RotationStep | undefined {
  const active = turns.find(({ state }) => state === 'active')
  const next = turns.find(({ state }) => state === 'next')
  if (next) {
    const waited = now - next.since >= patienceMs
    const late = !active || active.notAfter <= now
    if (confirmed || waited || late) return { kind: 'activate', id: next.id, retires: active?.id }
  } else if (!active || asked || (!outside && active.notAfter - now <= aheadMs)) return { kind: 'make-next' }
  const over = turns.find(
    ({ state, since, notAfter }) => state === 'retiring' && (now - since >= trustedMs || notAfter <= now),
  )
  return over && { kind: 'retire', id: over.id }
}

/** The turns after a step. @param made the authority that was made, where one was */
export function afterStep(
  turns: readonly Turn[],
  step: RotationStep,
  now: number,
  made?: Pick<Turn, 'id' | 'notAfter'>,
): readonly Turn[] {
  switch (step.kind) {
    case 'make-next':
      return made ? [...turns, { ...made, state: 'next', since: now }] : turns
    case 'activate':
      return turns.map((turn) => {
        if (turn.id === step.id) return { ...turn, state: 'active', since: now }
        return turn.id === step.retires ? { ...turn, state: 'retiring', since: now } : turn
      })
    case 'retire':
      return turns.map((turn) => (turn.id === step.id ? { ...turn, state: 'retired', since: now } : turn))
  }
}

/** Whom nodes and planes trust: whatever signs, will sign or has signed. */
export function trusted<T extends { readonly state: AuthorityState }>(turns: readonly T[]): readonly T[] {
  return turns.filter(({ state }) => state !== 'retired')
}
