import fc from 'fast-check'
import t from 'tap'
import { isRenewed, leads, leaseAfter, marginMs, nextClaimMs } from './lease.ts'

const claim = { run: 'r1', forMs: 4_000 }
const ours = { run: 'r1', holder: 'one', epoch: 7, leftMs: 4_000 }

for (const { what, answer, lease } of [
  { what: 'it is ours', answer: ours, lease: { epoch: 7, until: 100 + 4_000 - marginMs } },
  { what: 'it is of another one', answer: { ...ours, run: 'r2' }, lease: undefined },
  { what: 'it was ours, and has ended', answer: { ...ours, leftMs: 0 }, lease: undefined },
]) {
  t.test(`what an answer means when ${what}`, async (t) => {
    t.strictSame(leaseAfter(answer, claim, 100), lease)
  })
}

t.test('whoever has no lease does not lead', async (t) => {
  t.equal(leads(undefined, 0), false)
})

t.test('we have stopped before the store lets another one lead, however long question and answer took', async (t) => {
  const ms = fc.nat(100_000)
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(ms, ms, ms, fc.integer({ min: 1_000, max: 60_000 }), (askedAt, there, later, forMs) => {
        const storeEnds = askedAt + there + forMs
        const lease = leaseAfter({ ...ours, leftMs: forMs }, { run: 'r1', forMs }, askedAt)
        const now = askedAt + there + later
        return !leads(lease, now) || now < storeEnds - marginMs + 1
      }),
    ),
  )
})

for (const { what, answer, ms } of [
  { what: 'nothing was heard yet', answer: undefined, ms: 1_000 },
  { what: 'it is ours', answer: ours, ms: 1_000 },
  { what: 'another one leads for long', answer: { ...ours, run: 'r2' }, ms: 1_000 },
  { what: 'the one of another ends soon', answer: { ...ours, run: 'r2', leftMs: 300 }, ms: 320 },
  { what: 'the one of another has ended', answer: { ...ours, run: 'r2', leftMs: -50 }, ms: 20 },
]) {
  t.test(`when it is claimed again where ${what}`, async (t) => {
    t.equal(nextClaimMs(answer, { run: 'r1', everyMs: 1_000 }), ms)
  })
}

t.test('one that was not renewed is never taken for one that was', async (t) => {
  const ms = fc.nat(10_000)
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(ms, ms, ms, ms, (leftMs, back, between, there) => {
        const later = { ...ours, leftMs: leftMs - back - between - there }
        return !isRenewed({ ...ours, leftMs }, later, between)
      }),
    ),
  )
  t.ok(isRenewed({ ...ours, leftMs: 3_500 }, { ...ours, leftMs: 3_400 }, 1_000))
  t.notOk(isRenewed(ours, { ...ours, epoch: 8 }, 1_000))
})
