import t from 'tap'
import { Seats } from './seats.ts'

t.test('a seat is given back once, and then it is for somebody else', async (t) => {
  const seats = new Seats(2)
  const [first, second] = [seats.take(), seats.take()]
  t.ok(first && second)
  t.equal(seats.take(), undefined)
  t.strictSame([seats.taken, seats.refused], [2, 1])
  first?.[Symbol.dispose]()
  first?.[Symbol.dispose]()
  t.equal(seats.taken, 1)
  t.ok(seats.take())
  t.equal(seats.take(), undefined)
})
