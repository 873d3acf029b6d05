import t from 'tap'
import { Unacknowledged } from './unacknowledged.ts'

function holding(...numbers: readonly number[]): Unacknowledged {
  const unacknowledged = new Unacknowledged()
  for (const n of numbers) unacknowledged.add(n)
  return unacknowledged
}

t.test('there is news as long as somebody does not tell all of it', async (t) => {
  const some = holding(1, 2)
  t.ok(some.hasNews)
  some.hold(1)
  some.hold(2)
  t.notOk(some.hasNews)
  t.ok(some.isHeld(1))
  some.release(1)
  t.ok(some.hasNews)
  some.hold(1)
  some.releaseAll()
  t.notOk(some.isHeld(1))
  t.ok(some.hasNews)
})

t.test('what is not there cannot be held or acknowledged', async (t) => {
  const some = holding(1)
  some.hold(7)
  t.notOk(some.isHeld(7))
  t.ok(some.hasNews)
  t.notOk(some.acknowledge(7))
})

t.test('what is acknowledged is there no more, also while it is held, and only once', async (t) => {
  const some = holding(1, 2, 3)
  some.hold(2)
  t.ok(some.acknowledge(2))
  t.notOk(some.acknowledge(2))
  t.notOk(some.has(2))
  t.notOk(some.isHeld(2))
  t.equal(some.countIn(1, 3), 2)
  t.equal(some.countIn(2, 3), 1)
  t.match(some, { size: 2, lost: 0 })
})

t.test('what is given up is counted, unless it was acknowledged meanwhile', async (t) => {
  const some = holding(1, 2, 3, 4)
  some.hold(1)
  some.acknowledge(2)
  some.giveUp([{ n: 1 }, { n: 2 }, { n: 3 }], [{ n: 3 }])
  t.match(some, { size: 2, lost: 1, hasNews: true })
  t.ok(some.has(3))
  t.notOk(some.isHeld(1))
})
