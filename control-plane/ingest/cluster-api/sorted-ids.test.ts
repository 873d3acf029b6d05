import fc from 'fast-check'
import t from 'tap'
import { indexAfter, SortedIds } from './sorted-ids.ts'

t.test('whatever comes and goes, and whoever looks in between, all are there in order', async (t) => {
  const step = fc.tuple(fc.constantFrom('add', 'delete', 'look'), fc.constantFrom(...'abcdefgh'))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const ids = new SortedIds()
      const known = new Set<string>()
      for (const [what, id] of steps) {
        if (what === 'look') ids.all()
        else if (what === 'add' && !known.has(id)) {
          ids.add(id)
          known.add(id)
        } else if (what === 'delete' && known.delete(id)) ids.delete(id)
      }
      t.strictSame(ids.all(), [...known].sort())
    }),
  )
})

t.test('the first after an id is found whether or not the id is there', async (t) => {
  const idOf = (id: string) => id
  for (const [id, expected] of [
    ['', 0],
    ['a', 1],
    ['b', 1],
    ['c', 2],
    ['z', 3],
  ] as const)
    t.equal(indexAfter(['a', 'c', 'e'], id, idOf), expected, id)
})
