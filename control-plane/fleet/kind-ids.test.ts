import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { indexAfter, KindIds } from './kind-ids.ts'

const isOdd = (kind: number) => kind % 2 === 1

t.test('whatever comes, goes and changes its kind, it is counted and found as by a look at all', async (t) => {
  // More ids than one block has, so that blocks are split and emptied.
  const step = fc.tuple(fc.nat(3_000), fc.option(fc.nat(3), { nil: undefined }), fc.integer({ min: 1, max: 900 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.nat(3_000), fc.nat(2_000), (steps, middle, start) => {
      const ids = new KindIds<number>()
      const known = new Map<string, number>()
      for (const [first, kind, count] of steps) {
        for (let number = first; number < first + count; number += 1) {
          const id = String(number).padStart(5, '0')
          const kindHere = kind === undefined ? undefined : (kind + number) % 4
          const news = ids.put(id, kindHere)
          if (news !== (known.has(id) !== (kindHere !== undefined))) return false
          if (kindHere === undefined) known.delete(id)
          else known.set(id, kindHere)
        }
      }
      const sorted = [...known.keys()].sort()
      const odd = sorted.filter((id) => isOdd(known.get(id) ?? 0))
      const at = String(middle).padStart(5, '0')
      return (
        isDeepStrictEqual(ids.all(), sorted) &&
        ids.size === sorted.length &&
        ids.count(isOdd) === odd.length &&
        ids.rank(at, isOdd) === indexAfter(odd, at) &&
        isDeepStrictEqual([...ids.from(start, isOdd)], odd.slice(start))
      )
    }),
    { numRuns: 150 },
  )
  t.pass()
})

t.test('the first after an id is found whether or not the id is there', async (t) => {
  for (const [id, expected] of [
    ['', 0],
    ['a', 1],
    ['b', 1],
    ['c', 2],
    ['z', 3],
  ] as const)
    t.equal(indexAfter(['a', 'c', 'e'], id), expected, id)
})
