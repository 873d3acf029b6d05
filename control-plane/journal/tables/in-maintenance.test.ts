import fc from 'fast-check'
import t from 'tap'
import type { InstanceBelief } from '../../fleet/belief.ts'
import { InMaintenance } from './in-maintenance.ts'

const instance = (node: string, state: 'active' | 'maintenance') => ({ node, admission: { state } }) as InstanceBelief

t.test('whenever it changes whether all on a node is in maintenance, its row is to be written', async (t) => {
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    node: fc.constantFrom('n', 'm'),
    state: fc.constantFrom('active', 'maintenance', 'gone'),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const instances = new Map<string, InstanceBelief>()
        const all = new InMaintenance({ instances })
        const isInMaintenance = (node: string) => {
          const on = [...instances.values()].filter((each) => each.node === node)
          return on.length > 0 && on.every(({ admission }) => admission.state === 'maintenance')
        }
        return steps.every(({ id, node, state }) => {
          const before = ['n', 'm'].map(isInMaintenance)
          // What goes after it was active is not known by its node any more.
          const wasActive = instances.get(id)?.admission.state === 'active'
          const from = instances.get(id)?.node
          if (state === 'gone') instances.delete(id)
          else instances.set(id, instance(node, state))
          const told = all.changed(id)
          return ['n', 'm'].every((each, place) => {
            const left = wasActive && from === each && (state === 'gone' || node !== each)
            return isInMaintenance(each) === before[place] || told.includes(each) || left
          })
        })
      }),
    ),
  )
})

t.test('where nothing is in maintenance no node has to be written', async (t) => {
  const instances = new Map([['a', instance('n', 'active')]])
  const all = new InMaintenance({ instances })
  t.strictSame(all.changed('a'), [])
  instances.set('a', instance('n', 'maintenance'))
  t.ok(all.changed('a').includes('n'))
  instances.set('b', instance('n', 'active'))
  t.strictSame(all.changed('b'), ['n'])
})
