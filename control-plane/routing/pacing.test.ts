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

await t.test('publishing never takes more than a fifth of the time, whatever comes', async (t) => {
  const pacing = new Pacing(20)
  pacing.changed('urgent', 100)
  pacing.published(100, 103)
  t.equal(pacing.changed('urgent', 104), 115)
  pacing.published(115, 1115)
  t.equal(pacing.changed('urgent', 1115), 1165, 'but nothing is held back for long')
})

await t.test('after a publication the gathering starts anew', async (t) => {
  const pacing = new Pacing(20)
  pacing.changed('gathered', 100)
  pacing.published(120, 120)
  t.equal(pacing.changed('gathered', 130), 150)
})
