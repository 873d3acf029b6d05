import t from 'tap'
import { Lag, RecentWorst } from './lag.ts'

t.test('the worst lateness is told once', async (t) => {
  const lag = new Lag()
  lag.note(3)
  lag.note(7.4)
  lag.note(5)
  t.equal(lag.worstMs, 7)
  t.equal(lag.take(), 7)
  t.equal(lag.take(), 0)
})

t.test('a loop that is blocked is seen by whoever watches', async (t) => {
  const lag = new Lag()
  const end = lag.watch()
  await new Promise((resolve) => setTimeout(resolve, 150))
  const until = performance.now() + 250
  while (performance.now() < until);
  await new Promise((resolve) => setImmediate(resolve))
  const worst = end()
  t.ok(worst > 100, `${worst} ms`)
  t.ok(lag.take() > 100)
})

t.test('the recent worst is forgotten after a minute', async (t) => {
  const worst = new RecentWorst()
  worst.note(5, 1_000)
  worst.note(9, 2_000)
  t.equal(worst.at(29_000), 9)
  worst.note(1, 40_000)
  t.equal(worst.at(59_000), 9)
  t.equal(worst.at(75_000), 1)
  t.equal(worst.at(200_000), 0)
})
