import { mock } from 'node:test'
import t from 'tap'
import { sparing } from './sparing.ts'

t.test('the longer a look takes the more seldom it is, within bounds', async (t) => {
  let now = 0
  const clock = mock.method(performance, 'now', () => now)
  t.teardown(() => clock.mock.restore())
  let takesMs = 0
  const everything = function* () {
    now += takesMs
    yield
  }
  const [look, pace] = sparing(everything, { everyMs: 250, mostMs: 1_000, afterFailureMs: () => 7 })
  t.equal(pace.everyMs, 250)
  for (const [took, wait] of [
    [1, 250],
    [15, 600],
    [30, 1_000],
    [500, 1_000],
    [2, 250],
  ] as const) {
    takesMs = took
    await look(new AbortController().signal)
    t.equal(pace.everyMs, wait)
  }
  t.equal(pace.afterFailureMs(1), 7)
})

t.test('a look that takes long is done in slices, all of it, and others get their turn in between', async (t) => {
  let [seen, turns] = [0, 0]
  const everything = function* () {
    for (let each = 0; each < 40; each += 1) {
      for (const endsAt = performance.now() + 0.5; performance.now() < endsAt; );
      seen += 1
      yield
    }
  }
  const [look] = sparing(everything, { everyMs: 250, mostMs: 1_000, afterFailureMs: () => 7 })
  const others = setInterval(() => {
    turns += 1
  }, 0)
  t.teardown(() => clearInterval(others))
  await look(new AbortController().signal)
  t.equal(seen, 40)
  t.ok(turns > 1, 'timers came in between')
})

t.test('a look is given up where it is interrupted once that is asked for', async (t) => {
  const stop = new AbortController()
  let seen = 0
  const everything = function* () {
    for (;;) {
      seen += 1
      if (seen === 3) stop.abort()
      yield
    }
  }
  const [look] = sparing(everything, { everyMs: 250, mostMs: 1_000, afterFailureMs: () => 7 })
  await look(stop.signal)
  t.ok(seen >= 3)
})
