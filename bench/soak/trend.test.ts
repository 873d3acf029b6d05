import t from 'tap'
import { trend, verdict } from './trend.ts'

/** The same numbers in each run, between -0.5 and 0.5. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  }
}

const looks = Array.from({ length: 20 }, (_, index) => index)

t.test('a line has its slope and no doubt, whatever one point says', async (t) => {
  const line = looks.map((x): [number, number] => [x, 3 * x + 1])
  t.strictSame(trend(line), { slope: 3, low: 3, high: 3 })
  const odd = trend(line.map(([x, y]) => [x, x === 3 ? 1_000 : y]))
  t.strictSame(odd, { slope: 3, low: 3, high: 3 })
})

t.test('what stays the same does not rise', async (t) => {
  t.strictSame(trend(looks.map((x) => [x, 7])), { slope: 0, low: 0, high: 0 })
})

t.test('too few points say nothing for sure', async (t) => {
  t.strictSame(trend([[1, 1]]), { slope: Number.NaN, low: Number.NaN, high: Number.NaN })
  const { slope, low, high } = trend([
    [1, 1],
    [1, 5],
    [2, 1],
  ])
  t.equal(slope, -2)
  t.equal(low, Number.NEGATIVE_INFINITY)
  t.equal(high, Number.POSITIVE_INFINITY)
})

for (const { what, rise } of [
  { what: 'nothing that rises', rise: 0 },
  { what: 'something that rises slowly', rise: 0.01 },
  { what: 'something that rises', rise: 1 },
]) {
  t.test(`of ${what} the bounds hold the truth in nineteen of twenty runs`, async (t) => {
    let held = 0
    for (let seed = 1; seed <= 400; seed += 1) {
      const next = noise(seed * 7_919)
      const { low, high } = trend(looks.map((x) => [x, rise * x + next()]))
      if (low <= rise && rise <= high) held += 1
    }
    t.ok(held >= 370 && held <= 400, `${held} of 400`)
  })
}

for (const { low, high, said } of [
  { low: -5, high: 20, said: 'within' },
  { low: -5, high: 20.1, said: 'undecided' },
  { low: 20, high: 30, said: 'undecided' },
  { low: 20.1, high: 30, said: 'beyond' },
  { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, said: 'undecided' },
  { low: Number.NaN, high: Number.NaN, said: 'undecided' },
]) {
  t.test(`a rise of ${low} to ${high} is ${said}, where 20 may be`, async (t) => {
    t.equal(verdict({ slope: (low + high) / 2, low, high }, 20), said)
  })
}
