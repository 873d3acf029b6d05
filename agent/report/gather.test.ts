import { mock } from 'node:test'
import t from 'tap'
import { Gather } from './gather.ts'

// A minute, so that no machine is so busy that it goes by in between; the timers' clock is moved by hand.
const minute = 60_000

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
t.afterEach(() => mock.timers.reset())

function counted() {
  const seen = { sent: 0 }
  const gather = new Gather(() => {
    seen.sent += 1
  }, minute)
  return { seen, gather }
}

t.test('the first ring sends at once, those that follow together', async (t) => {
  const { seen, gather } = counted()
  for (let n = 0; n < 6; n += 1) gather.ring()
  t.equal(seen.sent, 1)
  mock.timers.tick(minute / 2)
  t.equal(seen.sent, 1)
  mock.timers.tick(minute / 2)
  t.equal(seen.sent, 2)
  gather.ring()
  mock.timers.tick(minute / 2)
  t.equal(seen.sent, 2)
  mock.timers.tick(minute / 2)
  t.equal(seen.sent, 3)
})

t.test('after its end nothing is sent any more', async (t) => {
  const { seen, gather } = counted()
  gather.ring()
  gather.ring()
  gather[Symbol.dispose]()
  mock.timers.tick(2 * minute)
  t.equal(seen.sent, 1)
})
