import fc from 'fast-check'
import t from 'tap'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { Fleet } from './fleet.ts'
import { FleetTally } from './tally.ts'

t.test('what is counted with each change equals what a look at everything counts', async (t) => {
  fc.assert(
    fc.property(anyJournal(), fc.nat(40), (entries, removed) => {
      const fleet = new Fleet()
      using followed = new FleetTally(fleet)
      for (const [index, entry] of entries.entries()) {
        fleet.apply([entry])
        const [id] = fleet.instances.keys()
        if (index === removed && id !== undefined) fleet.publishRemoval(id, { code: 'refused' })
      }
      using fresh = new FleetTally(fleet)
      for (const tally of [followed, fresh]) {
        const nodes = [...fleet.nodes.values()]
        for (const [contact, count] of Object.entries(tally.contacts)) {
          if (count !== nodes.filter((node) => node.contact === contact).length) return false
        }
        const instances = [...fleet.instances]
        for (const [health, count] of Object.entries(tally.healths)) {
          if (count !== instances.filter(([, each]) => each.health === health).length) return false
        }
        for (const [routable, count] of Object.entries(tally.routables)) {
          if (count !== instances.filter(([id]) => fleet.standing(id)?.routable === routable).length) return false
        }
      }
      return true
    }),
    { numRuns: 200 },
  )
  t.pass()
})
