import t from 'tap'
import { ageMs, machineClock } from './moment.ts'

t.test('within one run of the machine its wall clock does not matter', async (t) => {
  t.equal(ageMs({ boot: 'a', mono: 1_000, wall: 5_000_000 }, { boot: 'a', mono: 1_500, wall: 0 }), 500)
})

t.test('across a restart of the machine it has to, and an age is never negative', async (t) => {
  const then = { boot: 'a', mono: 900_000, wall: 10_000 }
  t.equal(ageMs(then, { boot: 'b', mono: 10, wall: 12_000 }), 2_000)
  t.equal(ageMs(then, { boot: 'b', mono: 10, wall: 9_000 }), 0)
})

t.test('a moment of the past is that of its reading', async (t) => {
  const clock = await machineClock()
  const age = ageMs(clock.of(performance.now() - 1_000), clock.now())
  t.ok(age >= 999 && age < 11_000)
})
