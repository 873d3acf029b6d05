import fc from 'fast-check'
import t from 'tap'
import { resumeAt, resumeEpoch } from './resume.ts'

t.test('a journal goes on above all that can have been recorded', async (t) => {
  const revision = fc.nat({ max: 1e12 })
  fc.assert(
    fc.property(revision, revision, fc.integer({ min: -1e9, max: 3.2e10 }), (revision, acknowledged, ageMs) => {
      const resumed = resumeAt({ revision, acknowledged, ageMs })
      return (
        Number.isSafeInteger(resumed) &&
        resumed >= Math.max(revision, acknowledged) + 1e9 &&
        resumed - revision >= (ageMs / 1_000) * 50_000
      )
    }),
  )
  t.equal(resumeAt({ revision: 1_204, acknowledged: 0, ageMs: 3_600_000 }), 2_000_000_000)
  t.equal(resumeAt({ revision: 1_204, acknowledged: 0, ageMs: 7 * 86_400_000 }), 31_000_000_000)
  t.equal(resumeEpoch(3), 1_000_000_003)
})
