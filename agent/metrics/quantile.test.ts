import fc from 'fast-check'
import t from 'tap'
import { bucketsBetween, quantile } from './quantile.ts'

const buckets = (...pairs: readonly (readonly [number, number])[]) => new Map(pairs)
const infinite = Number.POSITIVE_INFINITY

t.test('a quantile lies in its bucket, as if that were spread evenly', async (t) => {
  t.equal(quantile(0.5, buckets([1, 0], [2, 10], [infinite, 10])), 1.5)
  t.equal(quantile(0.95, buckets([0.1, 100], [infinite, 100])), 0.095)
  t.equal(quantile(0.95, buckets([0.1, 1], [0.5, 2], [infinite, 10])), 0.5, 'beyond the largest bound')
  t.equal(quantile(0.95, buckets([1, 0], [infinite, 0])), undefined)
  t.equal(quantile(0.95, buckets()), undefined)
})

t.test('a quantile is never beyond the bounds, whatever was counted', async (t) => {
  const bound = fc.double({ min: 0.001, max: 100, noNaN: true })
  fc.assert(
    fc.property(fc.array(fc.tuple(bound, fc.nat(100)), { minLength: 1 }), fc.nat(100), (pairs, more) => {
      const value = quantile(0.95, new Map([...pairs, [infinite, more]]))
      return value === undefined || (value >= 0 && value <= 100)
    }),
  )
  t.pass()
})

t.test('between two readings only what was counted between them counts', async (t) => {
  const before = buckets([1, 5], [infinite, 6])
  t.strictSame(bucketsBetween(before, buckets([1, 7], [infinite, 9])), buckets([1, 2], [infinite, 3]))
  t.equal(bucketsBetween(before, buckets([1, 2], [infinite, 2])), undefined, 'it began anew')
  t.equal(bucketsBetween(before, buckets([1, 7], [2, 8], [infinite, 9])), undefined, 'it is another one')
})
