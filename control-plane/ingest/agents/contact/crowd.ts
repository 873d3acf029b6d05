/**
 * A herd at the door. Hundreds of agents that come at once wait for this plane and not for their network: who is not back yet is not in
 * doubt for it. Times in milliseconds of a monotonic clock.
 */
export type Crowd = {
  readonly since: number
  /** When many came last. */
  readonly seen: number
  /** How many had come until the last look. */
  readonly came: number
  readonly lookedAt: number
}

/** What the door tells: how many were let in since the start, and how many wait. */
export type Arrivals = { readonly opened: number; readonly unopened: number }

/** So many a second, or so many that wait at once, are more than agents that come one by one. */
const manyASecond = 100
const manyWaiting = 32
/** A herd has gaps; longer ones end it. */
const calmAfterMs = 1_000
/** As long as the nodes of a plane that died are given; whoever keeps the door busy gains no more than that. */
export const mostExcusedMs = 15_000

/** What is at the door now, from what was there at the look before. */
export function crowdNow(before: Crowd | undefined, { opened, unopened }: Arrivals, now: number): Crowd {
  const looked = { came: opened, lookedAt: now }
  if (!before) return { since: now, seen: Number.NEGATIVE_INFINITY, ...looked }
  const enough = Math.max(1, (manyASecond * (now - before.lookedAt)) / 1_000)
  const isCrowded = unopened >= manyWaiting || opened - before.came >= enough
  // Looks may be further apart than a herd's gaps are long.
  const isSame = before.seen >= before.lookedAt - calmAfterMs
  return { since: isSame ? before.since : now, seen: isCrowded ? now : before.seen, ...looked }
}

/** Whether who has no session may still be waiting at the door. */
export function excuses(crowd: Crowd | undefined, now: number): boolean {
  return crowd !== undefined && now - crowd.seen <= calmAfterMs && now - crowd.since < mostExcusedMs
}
