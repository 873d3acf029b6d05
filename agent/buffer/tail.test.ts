import fc from 'fast-check'
import t from 'tap'
import { bytesOf } from './record.ts'
import { Tail } from './tail.ts'

const tailOf = (...numbers: readonly number[]) => {
  const tail = new Tail<{ readonly n: number; readonly text?: string }>()
  for (const n of numbers) tail.add({ n })
  return tail
}
const numbersOf = (tail: { readonly records: readonly { readonly n: number }[] }) => tail.records.map(({ n }) => n)

t.test('what was taken in is there in its order, until it is dropped', async (t) => {
  const tail = tailOf(3, 4, 5)
  t.strictSame(numbersOf(tail), [3, 4, 5])
  t.match(tail, { size: 3, first: 3 })
  tail.keep((n) => n > 3)
  t.match(tail, { size: 2, first: 4 })
  tail.keep(() => false)
  t.match(tail, { size: 0, bytes: 0, first: undefined })
})

for (const { name, numbers, after, older, left } of [
  { name: 'nothing is being written', numbers: [1, 2, 3, 4], after: 0, older: [1, 2], left: [2, 3, 4] },
  { name: 'its beginning is being written', numbers: [1, 2, 3, 4], after: 2, older: [3], left: [1, 2, 3, 4] },
  { name: 'all of it is being written', numbers: [1, 2], after: 2, older: [], left: [1, 2] },
  { name: 'the rest is odd', numbers: [1, 2, 3], after: 0, older: [1, 2], left: [2, 3] },
]) {
  t.test(`while ${name}, only the older half of the rest is made fewer`, async (t) => {
    const tail = tailOf(...numbers)
    tail.thinOut(after, (given) => {
      t.strictSame(
        given.map(({ n }) => n),
        older,
      )
      return given.slice(-1)
    })
    t.strictSame(numbersOf(tail), left)
  })
}

t.test('its bytes are those of its records, whatever was done', async (t) => {
  const step = fc.record({ text: fc.string(), keep: fc.nat(3), thin: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const tail = tailOf()
      for (const [n, { text, keep, thin }] of steps.entries()) {
        tail.add({ n, text })
        if (keep > 0) tail.keep((each) => each % (keep + 1) !== 0)
        if (thin) tail.thinOut(n - 3, (older) => older.map(({ n: number }) => ({ n: number })))
      }
      return tail.bytes === tail.records.reduce((sum, record) => sum + bytesOf(record), 0)
    }),
  )
  t.pass()
})
