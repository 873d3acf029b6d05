import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { Due } from './due.ts'

t.test('what is due is taken once, in its time, whatever is put off or taken back in between', async (t) => {
  const step = fc.record({
    what: fc.constantFrom('set', 'delete', 'take'),
    id: fc.constantFrom(...'abcdef'),
    ms: fc.nat(5_000),
    most: fc.nat(4),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const due = new Due()
      const known = new Map<string, number>()
      let now = 0
      return steps.every(({ what, id, ms, most }) => {
        if (what === 'set') {
          due.set(id, now + ms)
          known.set(id, now + ms)
        } else if (what === 'delete') {
          due.delete(id)
          known.delete(id)
        } else {
          now += ms
          const taken = due.take(now, most)
          // A slot is as fine as it gets: what is due within the next quarter of a second may come early.
          const late = [...known].filter(([, at]) => at <= now).length
          if (taken.length > most || taken.length < Math.min(most, late)) return false
          if (taken.some((each) => (known.get(each) ?? Number.POSITIVE_INFINITY) > now + 250)) return false
          for (const each of taken) known.delete(each)
        }
        return (
          due.size === known.size &&
          isDeepStrictEqual(
            [...known.keys()].filter((each) => !due.has(each)),
            [],
          )
        )
      })
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('the oldest comes first', async (t) => {
  const due = new Due()
  due.set('later', 2_000)
  due.set('sooner', 1_000)
  t.strictSame([due.take(10_000, 1), due.take(10_000, 1), due.take(10_000, 1)], [['sooner'], ['later'], []])
  due.set('again', 500)
  t.strictSame(due.take(10_000, 5), ['again'], 'also what was due long ago')
})
