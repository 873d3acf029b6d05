import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { deedsOf, lifeOf, lives, readShares } from './life.ts'
import { seeded } from './random.ts'

t.test('the same seed gives the same lives and deeds', async (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(...lives), fc.integer({ min: 1, max: 20 }), (seed, life, instances) => {
      const some = () => [...deedsOf(life, instances, seeded(seed)).take(20)]
      return isDeepStrictEqual(some(), some())
    }),
  )
  t.pass()
})

t.test('what fails recovers, what leaves returns, and none of it at once', async (t) => {
  const next = { fail: 'recover', recover: 'fail', leave: 'return', return: 'leave', break: 'break' } as const
  for (const life of lives) {
    const deeds = [...deedsOf(life, 3, seeded(1)).take(50)]
    t.equal(deeds.length, life === 'steady' ? 0 : 50)
    for (const [index, deed] of deeds.entries()) {
      t.ok(deed.afterMs > 0)
      const after = deeds[index + 1]
      if (after) t.equal(after.do, next[deed.do])
      if ('instance' in deed) t.ok(deed.instance >= 0 && deed.instance < 3)
    }
  }
})

t.test('lives come in the shares that are asked for', async (t) => {
  const random = seeded(7)
  const shares = readShares('flapping=0.2,leaving=0.1')
  const counts = { steady: 0, flapping: 0, leaving: 0, herd: 0 }
  for (let index = 0; index < 10_000; index += 1) counts[lifeOf(shares, random)] += 1
  t.equal(counts.herd, 0)
  t.ok(Math.abs(counts.flapping - 2_000) < 200 && Math.abs(counts.leaving - 1_000) < 200, JSON.stringify(counts))
  t.strictSame(readShares(''), {})
  t.throws(() => readShares('lazy=1'), /expected one of steady, flapping, leaving, herd/)
})
