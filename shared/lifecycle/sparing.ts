import type { Pace } from './repeat.ts'

export type SparingPace = Pace & {
  /** However long a look takes, the next one begins so much later at most. */
  readonly mostMs: number
}

/** Of the time, looking takes this share at most. */
const mostShare = 1 / 20

/**
 * Looks at everything again and again, as `repeat` wants it: each `everyMs`, but the longer a look takes the more seldom, so that a large
 * fleet in trouble does not spend its time on being looked at. Returns the step and its pace.
 */
export function sparing(look: () => void, { everyMs, mostMs, afterFailureMs }: SparingPace) {
  let tookMs = 0
  const step = async () => {
    const startedAt = performance.now()
    look()
    tookMs = performance.now() - startedAt
  }
  const pace: Pace = {
    get everyMs() {
      return Math.min(mostMs, Math.max(everyMs, tookMs / mostShare))
    },
    afterFailureMs,
  }
  return [step, pace] as const
}
