import fc from 'fast-check'
import t from 'tap'
import { backoffMs } from './backoff.ts'

const backoff = fc
  .tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 1_000_000 }))
  .map(([firstMs, more]) => ({ firstMs, mostMs: firstMs + more }))
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

t.test('waits double from the first to the longest', async (t) => {
  const waits = [1, 2, 3, 4, 5, 6, 2_000].map((failures) => backoffMs({ firstMs: 100, mostMs: 1_000 }, failures, 0))
  t.strictSame(waits, [50, 100, 200, 400, 500, 500, 500])
})

t.test('every wait lies between half of its ceiling and the ceiling', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(backoff, fc.integer({ min: 1, max: 1_000_000 }), random, (backoff, failures, random) => {
        const ceiling = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30))
        const wait = backoffMs(backoff, failures, random)
        return wait >= Math.floor(ceiling / 2) && wait <= ceiling && Number.isSafeInteger(wait)
      }),
    ),
  )
})

t.test('who failed longer never waits less, given the same luck', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(backoff, fc.integer({ min: 1, max: 100 }), random, (backoff, failures, random) => {
        return backoffMs(backoff, failures + 1, random) >= backoffMs(backoff, failures, random)
      }),
    ),
  )
})

t.test('who failed together does not come back together', async (t) => {
  const waits = Array.from({ length: 1_000 }, (_, at) => backoffMs({ firstMs: 1_000, mostMs: 1_000 }, 1, at / 1_000))
  t.equal(new Set(waits).size, 501)
})
