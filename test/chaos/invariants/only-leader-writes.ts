import { type EntryOf, entriesOf } from '../history.ts'
import type { Invariant } from './invariant.ts'

export const onlyLeaderWrites: Invariant = {
  name: 'nothing is written by a plane that does not lead',
  check: (history) => {
    const highest = new Map<string, EntryOf<'fence'>>()
    const fences = entriesOf(history, 'fence').flatMap((entry) => {
      const before = highest.get(entry.datacenter)
      if (!before || entry.epoch > before.epoch) highest.set(entry.datacenter, entry)
      if (!before) return []
      const { at, datacenter, installation, epoch, run } = entry
      const evidence = `the fence of ${datacenter} had ${text(before)}, and has ${text(entry)}`
      const same =
        installation === before.installation && (epoch > before.epoch || (epoch === before.epoch && run === before.run))
      return same ? [] : [{ at, evidence }]
    })
    const gaps = entriesOf(history, 'journal').flatMap(({ at, gaps }) =>
      gaps.map((revision) => ({ at, evidence: `the journal has no event of revision ${revision}` })),
    )
    return [...fences, ...gaps]
  },
}

function text({ installation, epoch, run }: EntryOf<'fence'>): string {
  return `epoch ${epoch} of run ${run} of ${installation}`
}
