import fc from 'fast-check'
import t from 'tap'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { EntryTexts } from './entry-texts.ts'
import { LeadLists } from './lead-lists.ts'
import { leads } from './merge.ts'
import { discoveredView } from './views.ts'

t.test('what is kept says what is made anew says, whatever happens and however little is kept', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(anyJournal(), fc.integer({ min: 1, max: 3 }), (entries, most) => {
        const fleet = new Fleet()
        const lists = new LeadLists(fleet, most)
        const texts = new EntryTexts(fleet, most)
        fleet.watch((change) => texts.changed(change.instances, lists.changed(change)))
        return entries.every((entry) => {
          fleet.apply([entry])
          const [dead] = fleet.instances.keys()
          if (dead !== undefined && entry.revision % 5 === 0) fleet.publishRemoval(dead, { code: 'refused' })
          return [undefined, ...fleet.services()].every((service) => {
            const anew = leads(fleet, service)
            const kept = lists.of(service)
            return (
              JSON.stringify(kept) === JSON.stringify(anew) &&
              anew.every((lead) => texts.of(lead)?.text === JSON.stringify(discoveredView(lead, fleet)))
            )
          })
        })
      }),
      { numRuns: 100 },
    ),
  )
})

t.test('of an instance that only says something else its list is kept', async (t) => {
  const fleet = new Fleet()
  const lists = new LeadLists(fleet)
  fleet.watch((change) => lists.changed(change))
  let revision = 0
  const register = (version: string) => {
    const spec = { id: 'a', service: 's', address: '10.0.0.1', port: 1, tags: [], metadata: {}, checks: [], version }
    const change = { kind: 'registered', instance: 'a', spec, node: 'n', origin: 'client' } as const
    revision += 1
    fleet.apply([{ revision, event: { version: 1, at: 0, by: 'test', change } }])
  }
  register('1')
  const before = lists.of('s')
  register('2')
  t.equal(lists.of('s'), before)
})
