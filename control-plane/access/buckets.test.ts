import fc from 'fast-check'
import t from 'tap'
import { Buckets } from './buckets.ts'

t.test('so many come at once as may, and then one each time that there is one again', async (t) => {
  const buckets = new Buckets({ per_second: 10, burst: 3 }, 100)
  t.strictSame(
    [0, 0, 0, 0].map((at) => buckets.take('a', at)),
    [0, 0, 0, 100],
  )
  t.equal(buckets.take('a', 60), 40)
  t.equal(buckets.take('a', 100), 0)
  t.ok(buckets.take('a', 100) > 0)
  t.equal(buckets.take('b', 100), 0, 'another caller has its own')
})

t.test('a clock that is set back gives nothing, and takes nothing', async (t) => {
  const buckets = new Buckets({ per_second: 1, burst: 2 }, 100)
  t.strictSame(
    [1000, 0, 0].map((at) => buckets.take('a', at)),
    [0, 0, 1000],
  )
})

t.test(
  'nobody gets more than his rate, whatever the order of calls, and nobody who keeps to it is refused',
  async (t) => {
    const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 500 })), {
      maxLength: 300,
    })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (steps, rate, burst) => {
        const buckets = new Buckets({ per_second: rate, burst }, 1_000)
        const taken = new Map<string, number>()
        const lastAt = new Map<string, number>()
        let now = 0
        for (const [key, waitMs] of steps) {
          now += waitMs
          const refusedFor = buckets.take(key, now)
          const rested = now - (lastAt.get(key) ?? Number.NEGATIVE_INFINITY)
          lastAt.set(key, now)
          if (rested >= 1000 / rate + 1 && refusedFor > 0) return false
          if (refusedFor === 0) taken.set(key, (taken.get(key) ?? 0) + 1)
        }
        return [...taken.values()].every((count) => count <= burst + (now * rate) / 1000 + 1e-6)
      }),
    )
    t.end()
  },
)

t.test('however many come, so many are remembered, and who is in use is not forgotten for others', async (t) => {
  const buckets = new Buckets({ per_second: 0.01, burst: 1 }, 100)
  t.equal(buckets.take('busy', 0), 0)
  for (let each = 0; each < 10_000; each += 1) {
    buckets.take(`other ${each}`, each)
    if (each % 20 === 0) t.ok(buckets.take('busy', each) > 0 || each > 99_000)
    if (buckets.size > 101) t.fail(`${buckets.size} are remembered`)
  }
})
