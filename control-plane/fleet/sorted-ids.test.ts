import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { Fleet } from './fleet.ts'
import { FleetIds, SortedIds } from './sorted-ids.ts'

t.test('whatever comes and goes, and whoever looks in between, all are there in order', async (t) => {
  const step = fc.tuple(fc.constantFrom('add', 'delete', 'look'), fc.constantFrom(...'abcdefgh'))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const ids = new SortedIds()
      const known = new Set<string>()
      for (const [what, id] of steps) {
        if (what === 'look') ids.all()
        else {
          ids.put(id, what === 'add')
          if (what === 'add') known.add(id)
          else known.delete(id)
        }
      }
      return isDeepStrictEqual(ids.all(), [...known].sort())
    }),
  )
  t.pass()
})

t.test('ids of which nothing is new are not put in order again', async (t) => {
  const ids = new SortedIds()
  ids.put('a', true)
  const first = ids.all()
  ids.put('a', true)
  ids.put('b', false)
  t.equal(ids.all(), first)
})

t.test('the ids of a fleet are in order whatever happens to it, and however it came to be', async (t) => {
  fc.assert(
    fc.property(anyJournal(), fc.nat({ max: 60 }), (entries, middle) => {
      const past = new Fleet()
      past.apply(entries.slice(0, middle))
      const fleet = new Fleet()
      using ids = new FleetIds(fleet)
      if (past.revision > 0) fleet.restore(past.state())
      using later = new FleetIds(fleet)
      for (const entry of entries) {
        fleet.apply([entry])
        for (const each of [ids, later]) {
          if (!isDeepStrictEqual(each.nodes(), [...fleet.nodes.keys()].sort())) return false
          if (!isDeepStrictEqual(each.instances(), [...fleet.instances.keys()].sort())) return false
        }
      }
      return true
    }),
    { numRuns: 100 },
  )
  t.pass()
})
