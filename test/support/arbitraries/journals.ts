import fc from 'fast-check'
import { type FleetEvent, type JournalEntry, subjectOf } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { FleetState } from '#control-plane/fleet/state.ts'
import { anyChange } from './changes.ts'
import { author, shaped, tenant, time } from './words.ts'

export const anyEvent: fc.Arbitrary<FleetEvent> = shaped(
  { version: fc.constant(1 as const), at: time, by: author, seen: fc.nat({ max: 30 }), tenant, change: anyChange },
  ['version', 'at', 'by', 'change'],
)

/** What an author had seen: nothing in particular, its subject as it is, or some other state. */
const sight = fc.constantFrom('nothing', 'nothing', 'current', 'other')

/** A journal from its first entry on, consecutive. */
export function anyJournal(mostEntries = 60): fc.Arbitrary<readonly JournalEntry[]> {
  const told = shaped({ at: time, by: author, change: anyChange, sight, other: fc.nat({ max: 30 }) })
  return fc.array(told, { maxLength: mostEntries, size: 'max' }).map((all) => {
    const fleet = new Fleet()
    return all.map(({ at, by, change, sight, other }, index) => {
      const seen = sight === 'current' ? fleet.revisionOf(subjectOf(change)) : other
      const event = { version: 1 as const, at, by, change, ...(sight === 'nothing' ? {} : { seen }) }
      const entry = { revision: index + 1, event }
      fleet.apply([entry])
      return entry
    })
  })
}

/** A state that some journal leads to. */
export const anyState: fc.Arbitrary<FleetState> = anyJournal().map((entries) => {
  const fleet = new Fleet()
  fleet.apply(entries)
  return fleet.state()
})
