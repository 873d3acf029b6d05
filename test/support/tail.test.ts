import fc from 'fast-check'
import t from 'tap'
import { Tail } from './tail.ts'

await t.test('a tail is the end of all that was added, however it came', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 50 }), (pieces, most) => {
      const tail = new Tail(most)
      for (const piece of pieces) tail.add(piece)
      return tail.text() === pieces.join('').slice(-most)
    }),
  )
  t.pass()
})

await t.test('its last lines are whole lines of it', async (t) => {
  const tail = new Tail(100)
  tail.add('one\ntwo\n')
  tail.add('three\n')
  t.equal(tail.lines(2), 'two\nthree')
})
