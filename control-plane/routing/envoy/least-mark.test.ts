import fc from 'fast-check'
import t from 'tap'
import { LeastMark } from './least-mark.ts'

await t.test('it is the least of what is there, whatever came and went', async (t) => {
  const marks = [-1, 0, 1, 2].flatMap((offer) => [-1, 0, 1].map((revision) => ({ offer, revision })))
  const step = fc.record({ mark: fc.constantFrom(...marks), out: fc.boolean() })
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const least = new LeastMark()
    const there: (typeof marks)[number][] = []
    for (const { mark, out } of steps) {
      if (!out) {
        there.push(mark)
        least.add(mark)
      } else if (there.includes(mark)) {
        there.splice(there.indexOf(mark), 1)
        least.remove(mark)
      }
      const [offers, revisions] = [there.map(({ offer }) => offer), there.map(({ revision }) => revision)]
      const wanted = { offer: Math.min(...offers), revision: Math.min(...revisions) }
      t.strictSame(least.value, there.length === 0 ? undefined : wanted)
    }
  })
  fc.assert(property)
})
