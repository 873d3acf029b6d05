import { entriesOf, overlaps } from '../history.ts'
import { Excuses } from './excuses.ts'
import type { Invariant } from './invariant.ts'

export const deadLeave: Invariant = {
  name: 'a confirmed-dead instance leaves every sink in time, whatever protection is active',
  check: (history) => {
    const excuses = new Excuses(history)
    const members = entriesOf(history, 'began')[0]?.members ?? []
    const seen = Map.groupBy(entriesOf(history, 'sink'), ({ sink }) => sink)
    return excuses.spans.flatMap(({ index, begin, end, downs = [] }) =>
      members
        .filter(({ server }) => downs.includes(server))
        .flatMap(({ server, instance }) => {
          const due = excuses.reachForward(begin, server)
          return [...seen.entries()].flatMap(([sink, entries]) => {
            // What it shows then: the last change before, and every one until the server is back.
            const then = entries.findLast(({ at }) => at <= due)
            const late = [then, ...entries.filter(({ at }) => at > due && at < end)]
            const isStillGiven = due < end && late.some((entry) => entry?.shown[instance]?.routable)
            // A sink that cannot be asked then says nothing.
            const isBlind = excuses.spans.some(
              (span) => span.hits.some((unit) => sink.includes(unit)) && overlaps(span, due, due),
            )
            if (!isStillGiven || isBlind) return []
            const evidence = `${sink} still gives ${instance} (${server}) ${due - begin} ms after fault ${index} took it away`
            return [{ at: due, evidence }]
          })
        }),
    )
  },
}
