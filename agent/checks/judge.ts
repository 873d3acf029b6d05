import type { Health, Verdict } from '#shared/protocol/check.ts'
import { reason, sameReason } from '#shared/protocol/reason.ts'

/** How many results in a row it takes to believe the contrary. */
export type Thresholds = { readonly rise: number; readonly fall: number }

/** What is believed of a check, and how many results in a row have spoken against it. */
export type Judgement = { readonly verdict: Verdict; readonly against: number }

export type Finding = {
  readonly verdict: Verdict
  /** Leaves no doubt: it is believed whatever rise and fall say. */
  readonly decisive: boolean
}

export const unjudged: Judgement = { verdict: { health: 'unknown', reason: reason('no_verdict') }, against: 0 }

/** What to believe after `finding`. The first one is believed at once; one that learned nothing changes nothing. */
export function judge(known: Judgement, { verdict, decisive }: Finding, { rise, fall }: Thresholds): Judgement {
  if (verdict.health === 'unknown') return known
  const contrary = known.verdict.health !== 'unknown' && isUp(known.verdict) !== isUp(verdict)
  const against = known.against + 1
  if (contrary && !decisive && against < (isUp(verdict) ? rise : fall)) return { ...known, against }
  return { verdict: sameVerdict(known.verdict, verdict) ? known.verdict : verdict, against: 0 }
}

export function sameVerdict(a: Verdict, b: Verdict): boolean {
  return a.health === b.health && sameReason(a.reason, b.reason)
}

/** What is graver has the larger number. */
export const gravity: Readonly<Record<Health, number>> = { passing: 0, warning: 1, unknown: 2, critical: 3 }

/** What several checks of one instance say together: the gravest, the first among equals. */
export function together(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce((a, b) => (gravity[b.health] > gravity[a.health] ? b : a), verdicts[0] ?? unjudged.verdict)
}

function isUp({ health }: Verdict): boolean {
  return health === 'passing' || health === 'warning'
}
