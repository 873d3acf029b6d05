import { entriesOf, overlaps } from '../history.ts'
import { Excuses } from './excuses.ts'
import type { Invariant } from './invariant.ts'

export const liveStay: Invariant = {
  name: 'a live instance is not removed because an agent, a replica or a datacenter died, stopped or was upgraded',
  check: (history) => {
    const excuses = new Excuses(history)
    const members = entriesOf(history, 'began')[0]?.members ?? []
    const seen = Map.groupBy(entriesOf(history, 'sink'), ({ sink }) => sink)
    return [...seen.values()].flatMap((entries) =>
      entries.flatMap(({ at, sink, shown }, index) =>
        members.flatMap(({ server, instance }) => {
          if (!entries[index - 1]?.shown[instance]?.routable || shown[instance]?.routable) return []
          const from = excuses.reachBack(at, server)
          const wasDown = excuses.spans.some(
            (span) => [...(span.downs ?? []), ...(span.doubts ?? [])].includes(server) && overlaps(span, from, at),
          )
          if (wasDown) return []
          const lasting = excuses.spans.filter((span) => overlaps(span, from, at))
          const faults = lasting.map((span) => `${span.index} ${span.fault} ${span.target}`).join(', ')
          return [{ at, evidence: `${sink} no longer gives ${instance} (${server}), which lives; faults: ${faults}` }]
        }),
      ),
    )
  },
}
