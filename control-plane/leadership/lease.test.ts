import fc from 'fast-check'
import t from 'tap'
import { leads, leaseAfter, marginMs } from './lease.ts'

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
