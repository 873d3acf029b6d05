import { mock } from 'node:test'
import t from 'tap'
import { sparing } from './sparing.ts'

t.test('the longer a look takes the more seldom it is, within bounds', async (t) => {
  let now = 0
  const clock = mock.method(performance, 'now', () => now)
  t.teardown(() => clock.mock.restore())
  let takesMs = 0
  const everything = () => {
    now += takesMs
  }
  const [look, pace] = sparing(everything, { everyMs: 250, mostMs: 1_000, afterFailureMs: () => 7 })
  t.equal(pace.everyMs, 250)
  for (const [took, wait] of [
    [1, 250],
    [30, 600],
    [500, 1_000],
    [2, 250],
  ] as const) {
    takesMs = took
    await look()
    t.equal(pace.everyMs, wait)
  }
  t.equal(pace.afterFailureMs(1), 7)
})
