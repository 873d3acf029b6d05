import fc from 'fast-check'
import t from 'tap'
import { anyChange } from '#test/support/arbitraries/changes.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { rowOf } from './row.ts'
import { RowTexts } from './row-texts.ts'

t.test('a kept row says what a new one says, whatever happens to the fleet and however few are kept', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyChange, { maxLength: 5 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      fc.option(fc.nat(1e12), { nil: undefined }),
      (batches, most, heardAt) => {
        const fleet = new Fleet()
        using texts = new RowTexts(fleet, most)
        for (const changes of batches) {
          const from = fleet.revision + 1
          fleet.apply(
            changes.map((change, at) => ({ revision: from + at, event: { version: 1, at: 0, by: 'test', change } })),
          )
          const [first] = fleet.instances.keys()
          if (first !== undefined && from % 5 === 0) fleet.publishRemoval(first, { code: 'refused' })
          for (const [id, instance] of fleet.instances) {
            const standing = fleet.standing(id)
            if (!standing) return false
            const row = [instance, standing, fleet.nodes.get(instance.node), heardAt] as const
            if (texts.of(id, heardAt) !== JSON.stringify(rowOf(...row))) return false
          }
        }
        return true
      },
    ),
    { numRuns: 100 },
  )
  t.pass()
})

t.test('what a client registered is not taken for the sign of life', async (t) => {
  const fleet = new Fleet()
  const registered = { config: { last_heartbeat: null }, capabilities: { last_heartbeat: null } }
  const spec = { id: 'a', service: 's', address: '10.0.0.1', port: 1, tags: [], metadata: {}, checks: [], registered }
  const change = { kind: 'registered', instance: 'a', spec, node: 'n', origin: 'client' } as const
  fleet.apply([{ revision: 1, event: { version: 1, at: 0, by: 'test', change } }])
  using texts = new RowTexts(fleet)
  const [instance, standing] = [fleet.instances.get('a'), fleet.standing('a')]
  if (!instance || !standing) throw new Error('it was registered')
  t.strictSame(JSON.parse(texts.of('a', 0) ?? ''), rowOf(instance, standing, undefined, 0))
})
