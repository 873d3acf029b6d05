import fc from 'fast-check'
import t from 'tap'
import { Least } from './least.ts'

await t.test('it is the least of what is there, whatever came and went', async (t) => {
  const step = fc.record({ value: fc.integer({ min: -1, max: 5 }), out: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const least = new Least()
      const there: number[] = []
      for (const { value, out } of steps) {
        if (!out) {
          there.push(value)
          least.add(value)
        } else if (there.includes(value)) {
          there.splice(there.indexOf(value), 1)
          least.remove(value)
        }
        t.equal(least.value, there.length === 0 ? undefined : Math.min(...there))
      }
    }),
  )
})
