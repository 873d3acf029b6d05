import t from 'tap'
import { slope } from './slope.ts'

t.test('a line has its slope, whatever one point says', async (t) => {
  const line = [0, 1, 2, 3, 4, 5, 6].map((x): [number, number] => [x, 3 * x + 1])
  t.equal(slope(line), 3)
  t.equal(slope(line.map(([x, y]) => [x, x === 3 ? 1_000 : y])), 3)
  t.equal(
    slope([
      [1, 1],
      [1, 5],
      [2, 1],
    ]),
    -2,
  )
  t.ok(Number.isNaN(slope([[1, 1]])))
})
