import fc from 'fast-check'
import t from 'tap'
import { anyChange } from '#test/support/arbitraries/changes.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { FleetSummary } from './fleet-summary.ts'

t.test('what is kept up with each change equals what a look at everything gives', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.array(anyChange, { maxLength: 5 }), { maxLength: 40 }), fc.nat(40), (batches, looked) => {
      const fleet = new Fleet()
      using followed = new FleetSummary(fleet)
      for (const [index, changes] of batches.entries()) {
        const from = fleet.revision + 1
        fleet.apply(
          changes.map((change, at) => ({ revision: from + at, event: { version: 1, at: 0, by: 'test', change } })),
        )
        const [id] = fleet.instances.keys()
        if (index % 7 === 3 && id !== undefined) fleet.publishRemoval(id, { code: 'refused' })
        // Whoever looks in between must not disturb it.
        if (index === looked) followed.instanceIds()
      }
      using fresh = new FleetSummary(fleet)
      t.strictSame(followed.counts(), fresh.counts())
      t.strictSame(followed.instanceIds(), [...fleet.instances.keys()].sort())
      t.strictSame(followed.nodeIds(), [...fleet.nodes.keys()].sort())
      for (const id of fleet.instances.keys()) t.strictSame(followed.entry(id), fresh.entry(id))
    }),
    { numRuns: 60 },
  )
})
