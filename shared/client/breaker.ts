/**
 * Whether something is called at all. closed: it is, with so many failures in a row. open: it is not before `until`; `openings` counts
 * how often in a row it was found bad. probing: one call is on its way to find out. Times in milliseconds of one steady clock.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: number; readonly openings: number }
  | { readonly state: 'probing'; readonly since: number; readonly openings: number }

export type BreakerSettings = {
  /** After so many failures in a row it opens. */
  readonly failures: number
  /** For so long the first time; each time that the probe fails twice as long, up to `mostMs`. */
  readonly forMs: number
  readonly mostMs: number
}

export const closed: Breaker = { state: 'closed', failures: 0 }

/** Whether a call may go out now. A probe that has not ended after `forMs` stands in nobody's way. */
export function allows(breaker: Breaker, { forMs }: BreakerSettings, now: number): boolean {
  switch (breaker.state) {
    case 'closed':
      return true
    case 'open':
      return now >= breaker.until
    case 'probing':
      return now >= breaker.since + forMs
  }
}

/** What it is when a call that it allows goes out. */
export function sent(breaker: Breaker, now: number): Breaker {
  return breaker.state === 'closed' ? breaker : { state: 'probing', since: now, openings: breaker.openings }
}

/** What it is when a call has ended; `none`: the call tells nothing, since its caller gave it up. */
export function ended(breaker: Breaker, how: 'good' | 'bad' | 'none', settings: BreakerSettings, now: number): Breaker {
  if (how === 'none')
    return breaker.state === 'probing' ? { ...open(breaker.openings, settings, now), until: now } : breaker
  if (how === 'good') return breaker.state === 'closed' && breaker.failures === 0 ? breaker : closed
  switch (breaker.state) {
    case 'closed': {
      const failures = breaker.failures + 1
      return failures < settings.failures ? { state: 'closed', failures } : open(1, settings, now)
    }
    // Calls that were on their way when it opened say nothing new.
    case 'open':
      return breaker
    case 'probing':
      return open(breaker.openings + 1, settings, now)
  }
}

function open(openings: number, { forMs, mostMs }: BreakerSettings, now: number): Breaker & { state: 'open' } {
  const lasts = Math.min(mostMs, forMs * 2 ** Math.min(Math.max(openings, 1) - 1, 20))
  return { state: 'open', until: now + lasts, openings }
}
