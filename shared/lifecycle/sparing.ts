import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Pace } from './repeat.ts'

export type SparingPace = Pace & {
  /** However long a look takes, the next one begins so much later at most. */
  readonly mostMs: number
}

/** Of the time, looking takes this share at most. */
const mostShare = 1 / 40

/** Of the event loop's time before everybody else gets his turn, in milliseconds. */
const sliceMs = 2

/**
 * Looks at everything again and again, as `repeat` wants it: each `everyMs`, but the longer a look takes the more seldom, so that a large
 * fleet in trouble does not spend its time on being looked at. Returns the step and its pace.
 * @param look yields where it may be interrupted: one that takes long is done in slices, and everybody else has his turn in between
 */
export function sparing(look: () => Iterator<void>, { everyMs, mostMs, afterFailureMs }: SparingPace) {
  let tookMs = 0
  const step = async (stop: AbortSignal) => {
    tookMs = 0
    const pieces = look()
    for (;;) {
      const startedAt = performance.now()
      const done = advance(pieces, startedAt + sliceMs)
      tookMs += performance.now() - startedAt
      if (done) return
      await nextTurn()
      if (stop.aborted) return
    }
  }
  const pace: Pace = {
    get everyMs() {
      return Math.min(mostMs, Math.max(everyMs, tookMs / mostShare))
    },
    afterFailureMs,
  }
  return [step, pace] as const
}

/** False: the time is up before it is done. */
function advance(pieces: Iterator<void>, until: number): boolean {
  do {
    if (pieces.next().done) return true
  } while (performance.now() < until)
  return false
}
