import { entriesOf, faultSpans, overlaps } from '../history.ts'
import type { Invariant } from './invariant.ts'

const mostMs = 20
/** A figure covers so long before it, and a fault may be felt a while after its end. */
const windowMs = 12_000
/** Fewer figures of a process say nothing: one is of 5 s. */
const leastFigures = 20

export const loopLag: Invariant = {
  name: 'the event loop of a process that no fault hits lags at most 20 ms at P99, or as much as the machine lets it',
  check: (history) => {
    const spans = faultSpans(history)
    const undisturbed = entriesOf(history, 'lag').filter(
      ({ unit, at }) => !spans.some((span) => span.hits.includes(unit) && overlaps(span, at - windowMs, at)),
    )
    return [...Map.groupBy(undisturbed, ({ unit }) => unit)].flatMap(([unit, entries]) => {
      // Where others take the processor, an idle loop lags as well.
      const late = entries.filter(({ p99Ms, machineMs }) => p99Ms > Math.max(mostMs, 5 * machineMs))
      const worst = late.toSorted((a, b) => b.p99Ms - a.p99Ms)[0]
      // A single figure is a moment, in which a collection of garbage or another process may fall.
      if (!worst || entries.length < leastFigures || late.length * 5 < entries.length) return []
      const evidence = `${unit}: ${late.length} of ${entries.length} figures are above ${mostMs} ms, the worst ${worst.p99Ms} ms`
      return [{ at: worst.at, evidence }]
    })
  },
}
