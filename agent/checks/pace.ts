import type { Judgement } from './judge.ts'

/** How often a check runs, in milliseconds. */
export type Pace = {
  readonly everyMs: number
  /** How often it runs while it is critical, if that is sooner. */
  readonly recheckMs: number
}

/**
 * How long from the start of one check to the next. The second one comes at a random part of the interval, the others up to a
 * twentieth early, so that the checks of many instances do not stay together. Early rather than late: a server that closes idle
 * connections after just as long still has its wire.
 */
export function nextCheckInMs(
  { everyMs, recheckMs }: Pace,
  { verdict }: Judgement,
  first: boolean,
  random: number,
): number {
  if (verdict.health === 'critical') return Math.min(everyMs, recheckMs)
  return first ? everyMs * random : everyMs * (0.95 + 0.05 * random)
}

/**
 * What the end of a trip wire is worth: a probe in any case, and if it comes late in the interval the next check, which leaves a
 * wire again. So a server that closes idle connections early costs at most two probes an interval, and soon has its wire back.
 */
export function wireEndedMeans(sinceCheckMs: number, { everyMs }: Pace): 'probe' | 'check' {
  return sinceCheckMs >= everyMs / 2 ? 'check' : 'probe'
}
