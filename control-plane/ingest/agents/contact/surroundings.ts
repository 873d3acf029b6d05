import type { Machine } from './machine.ts'
import type { Site } from './sites.ts'

/** What stands around a machine that may be dead, at its own site. */
export type Surroundings = {
  /** Another machine there is in contact and was heard of lately: the site itself can be reached. */
  readonly vouched: boolean
  /** There is no other machine there, or none that is still reckoned with: only other sites can tell. */
  readonly alone: boolean
}

/**
 * How many machines of a site are neither well nor settled: overdue, or away and perhaps cut off. One that is dead, that was stopped, or
 * that has been away for longer than a hold may last is not reckoned with any more.
 */
export function unsettledIn({ away, overdue }: Site, now: number, forgottenAfterMs: number): number {
  let count = overdue.size
  for (const machine of away.values()) if (isReckonedWith(machine, now, forgottenAfterMs)) count += 1
  return count
}

/** @param unsettled of its site, which many machines may share */
export function surroundingsOf(
  machine: string,
  site: Site | undefined,
  unsettled: number,
  now: number,
  forgottenAfterMs: number,
): Surroundings {
  if (!site) return { vouched: false, alone: true }
  const away = site.away.get(machine)
  const well = site.size - site.away.size - site.overdue.size
  const isWell = away === undefined && !site.overdue.has(machine)
  const isUnsettled = site.overdue.has(machine) || (away !== undefined && isReckonedWith(away, now, forgottenAfterMs))
  const vouched = well - (isWell ? 1 : 0) > 0
  return { vouched, alone: !vouched && unsettled - (isUnsettled ? 1 : 0) <= 0 }
}

function isReckonedWith({ lostAt, left, dead }: Machine, now: number, forgottenAfterMs: number): boolean {
  return !left && !dead && now - (lostAt ?? now) <= forgottenAfterMs
}
