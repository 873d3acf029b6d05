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
        if (index === looked) followed.instances(undefined).all()
      }
      using fresh = new FleetSummary(fleet)
      t.strictSame(followed.counts(), fresh.counts())
      t.strictSame(followed.instances(undefined).all(), [...fleet.instances.keys()].sort())
      for (const service of [...fleet.services(), 'nobody']) {
        t.strictSame(followed.instances(service).all(), [...fleet.instancesOfService(service)].sort())
      }
      for (const status of ['registered', 'active', 'inactive', 'failed'] as const) {
        const ofStatus = [...fleet.instances.keys()].filter((id) => fleet.standing(id)?.status === status).sort()
        t.strictSame([...followed.instances(undefined).from(0, (kind) => kind.status === status)], ofStatus)
      }
      t.strictSame(followed.nodeIds(), [...fleet.nodes.keys()].sort())
    }),
    { numRuns: 60 },
  )
})
