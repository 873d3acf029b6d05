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
  /** Nodes without a session: now, and at most since it began. */
  readonly away: number
  readonly mostAway: number
}

/** What the door tells: how many were let in since the start, and how many wait; and how many nodes had no session at the look before. */
export type Arrivals = { readonly opened: number; readonly unopened: number; readonly away: number }

/** So many a second, or so many that wait at once, are more than agents that come one by one. */
const manyASecond = 100
const manyWaiting = 32
/** A herd has gaps; longer ones end it. */
const calmAfterMs = 1_000
/** As long as the nodes of a plane that died are given; whoever keeps the door busy gains no more than that. */
export const mostExcusedMs = 15_000
/**
 * Where ten thousand come over TLS the last of them are in later than that. Whoever merely keeps the door busy brings nobody back: it goes on
 * for as long as nodes do come back, and so many a second on the whole.
 */
const returningASecond = 50
export const mostReturningMs = 60_000

/** What is at the door now, from what was there at the look before. */
export function crowdNow(before: Crowd | undefined, { opened, unopened, away }: Arrivals, now: number): Crowd {
  const looked = { came: opened, lookedAt: now, away }
  if (!before) return { since: now, seen: Number.NEGATIVE_INFINITY, ...looked, mostAway: away }
  const enough = Math.max(1, (manyASecond * (now - before.lookedAt)) / 1_000)
  const isCrowded = unopened >= manyWaiting || opened - before.came >= enough
  // Looks may be further apart than a herd's gaps are long.
  const isSame = before.seen >= before.lookedAt - calmAfterMs
  return {
    since: isSame ? before.since : now,
    seen: isCrowded ? now : before.seen,
    ...looked,
    mostAway: isSame ? Math.max(before.mostAway, away) : away,
  }
}

/** Whether who has no session may still be waiting at the door. */
export function excuses(crowd: Crowd | undefined, now: number): boolean {
  if (crowd === undefined || now - crowd.seen > calmAfterMs) return false
  const lastsMs = now - crowd.since
  const returned = crowd.mostAway - crowd.away
  return lastsMs < mostExcusedMs || (lastsMs < mostReturningMs && returned >= (returningASecond * lastsMs) / 1_000)
}
