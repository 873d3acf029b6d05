import fc from 'fast-check'
import t from 'tap'
import { Pacing } from './pacing.ts'

await t.test('a removal goes out at once', async (t) => {
  t.equal(new Pacing(20).changed('urgent', 100), 100)
})

await t.test('other changes wait for company, but not longer for more of it', async (t) => {
  const pacing = new Pacing(20)
  t.equal(pacing.changed('gathered', 100), 120)
  t.equal(pacing.changed('gathered', 115), 120)
  t.equal(pacing.changed('urgent', 116), 116, 'a removal takes along what waits')
})

await t.test('what follows a short publication does not wait for it', async (t) => {
  const pacing = new Pacing(20)
  pacing.changed('urgent', 100)
  pacing.published(100, 102)
  t.equal(pacing.changed('urgent', 103), 103)
  pacing.published(103, 106)
  t.equal(pacing.changed('urgent', 107), 107)
  pacing.published(107, 110)
  t.equal(pacing.changed('urgent', 111), 115, 'eight milliseconds were published in ten')
})

await t.test('nothing is held back for long', async (t) => {
  const pacing = new Pacing(20)
  pacing.changed('urgent', 115)
  pacing.published(115, 1115)
  t.equal(pacing.changed('urgent', 1115), 1165)
})

await t.test('whatever comes, publishing takes a fifth of the time, and 5 ms', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: 0, max: 30, noNaN: true }), fc.double({ min: 0, max: 8, noNaN: true }))),
      (changes) => {
        const pacing = new Pacing(20)
        let now = 100
        let published = 0
        for (const [pauseMs, tookMs] of changes) {
          now = Math.max(now + pauseMs, pacing.changed('urgent', now + pauseMs))
          // What was published before this one began.
          if (published > (now - 100) * 0.2 + 5 + 1e-6) return false
          pacing.published(now, now + tookMs)
          published += tookMs
          now += tookMs
        }
        return true
      },
    ),
  )
  t.pass()
})

await t.test('after a publication the gathering starts anew', async (t) => {
  const pacing = new Pacing(20)
  pacing.changed('gathered', 100)
  pacing.published(120, 120)
  t.equal(pacing.changed('gathered', 130), 150)
})
