import { entriesOf, faultSpans, overlaps } from '../history.ts'
import type { Invariant } from './invariant.ts'

/** What a plane says that ends so that its service manager starts it anew, as it is meant to. */
const meant = /LEADERSHIP_LOST|INSTALLATION_CHANGED/
/** So long after a fault a process may still end of it. */
const afterMs = 10_000

export const noneCrashes: Invariant = {
  name: 'no process of ours ends by itself, unless it ran out of memory or must not lead any more',
  check: (history) => {
    const hard = faultSpans(history).filter(({ fault }) => fault === 'low-memory')
    const ours = /^(plane|agent|gateway)/
    return entriesOf(history, 'ended')
      .filter(({ unit, words, at }) => {
        const isExcused = hard.some((span) => span.hits.includes(unit) && overlaps(span, at - afterMs, at))
        return ours.test(unit) && !meant.test(words) && !isExcused
      })
      .map(({ at, unit, how, words }) => ({ at, evidence: `${unit} ended with ${how}: ${words.slice(-600)}` }))
  },
}
