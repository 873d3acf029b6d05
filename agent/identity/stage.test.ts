import t from 'tap'
import { renewAt, stageOf } from './stage.ts'

const hour = 3_600_000
const day = 24 * hour

for (const { what, now, stage } of [
  { what: 'before its end', now: day - 1, stage: 'holds' },
  { what: 'at its end', now: day, stage: 'renew' },
  { what: '29 days after it', now: 30 * day, stage: 'renew' },
  { what: '30 days after it', now: 31 * day, stage: 'anew' },
]) {
  t.test(`${what} a certificate ${stage === 'holds' ? 'is shown' : `is got by "${stage}"`}`, async (t) => {
    t.equal(stageOf({ notAfter: day }, now), stage)
  })
}

t.test('who has none enrols', async (t) => t.equal(stageOf(undefined, 0), 'anew'))

t.test('it is renewed about half of its life', async (t) => {
  for (const random of [0, 0.5, 1]) {
    const at = renewAt({ issuedAt: 0, notAfter: day }, random)
    t.ok(at >= 0.45 * day && at <= 0.55 * day)
  }
})
