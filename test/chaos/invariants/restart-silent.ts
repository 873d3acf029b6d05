import { type EntryOf, entriesOf, faultSpans, overlaps } from '../history.ts'
import type { Invariant } from './invariant.ts'

/** So long afterwards everybody has come back, and what a restart caused would have been done. */
const afterMs = 12_000

export const restartSilent: Invariant = {
  name: 'a restart of a plane causes no deregistration, no route change and no catalogue write',
  check: (history) => {
    const planes = new Set(entriesOf(history, 'began')[0]?.planes)
    const spans = faultSpans(history)
    const alone = spans.filter(
      (span) =>
        ['kill', 'restart'].includes(span.fault) &&
        span.hits.every((unit) => planes.has(unit)) &&
        // What happened shortly before may still be on its way.
        !spans.some((other) => other !== span && overlaps(other, span.begin - 30_000, span.end + afterMs)),
    )
    const seen = Map.groupBy(entriesOf(history, 'sink'), ({ sink }) => sink)
    return alone.flatMap(({ index, begin, end }) =>
      [...seen.values()].flatMap((entries) => {
        const before = entries.findLast(({ at }) => at <= begin)
        const during = entries.filter(({ at }) => at > begin && at <= end + afterMs)
        return during.flatMap((entry) => differences(before, entry, index))
      }),
    )
  },
}

function differences(before: EntryOf<'sink'> | undefined, { at, sink, shown }: EntryOf<'sink'>, index: number) {
  return Object.entries(before?.shown ?? {}).flatMap(([instance, { mark, routable }]) => {
    const now = shown[instance]
    if (now?.mark === mark) return []
    const became = now ? `${now.routable ? 'routable' : 'not routable'} ${now.mark}` : 'gone'
    const was = `${routable ? 'routable' : 'not routable'} ${mark}`
    return [{ at, evidence: `${sink}: ${instance} was ${was}, and is ${became} after fault ${index}` }]
  })
}
