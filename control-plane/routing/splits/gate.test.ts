import fc from 'fast-check'
import t from 'tap'
import { compareSides } from './gate.ts'

const gate = { requests: 100, windowMs: 300_000, errorPoints: 1, slowerPercent: 50 }
const count = (requests: number, errors = 0, p95Ms: number | undefined = 10) => ({ requests, errors, p95Ms })
const untimed = { ...count(100), p95Ms: undefined }

for (const { name, canary, baseline, alone = false, is } of [
  { name: 'nobody counts', canary: undefined, baseline: undefined, is: 'few' },
  { name: 'nobody asks', canary: count(0), baseline: count(0), is: 'few' },
  { name: 'the canary is hardly asked', canary: count(99), baseline: count(5000), is: 'few' },
  { name: 'the baseline is hardly asked', canary: count(5000), baseline: count(99), is: 'few' },
  { name: 'the baseline has no users any more', canary: count(100), baseline: count(0), alone: true, is: 'passed' },
  { name: 'both do well', canary: count(100), baseline: count(100), is: 'passed' },
  { name: 'the canary fails as often as it may', canary: count(100, 1), baseline: count(100), is: 'passed' },
  { name: 'the canary fails more often', canary: count(100, 2), baseline: count(100), is: 'too_many_errors' },
  { name: 'both fail alike', canary: count(200, 100), baseline: count(400, 200), is: 'passed' },
  {
    name: 'it has failed too often before enough was asked',
    canary: count(2, 2),
    baseline: count(9),
    is: 'too_many_errors',
  },
  { name: 'it failed once among few', canary: count(1, 1), baseline: count(9), is: 'few' },
  { name: 'a handful of failures of the baseline', canary: count(9, 9), baseline: count(2, 2), is: 'too_many_errors' },
  { name: 'the canary is slow', canary: count(100, 0, 31), baseline: count(100, 0, 20), is: 'too_slow' },
  { name: 'it is slower, but who would notice', canary: count(100, 0, 6), baseline: count(100, 0, 1), is: 'passed' },
  { name: 'slow among few', canary: count(99, 0, 900), baseline: count(100, 0, 20), is: 'few' },
  { name: 'nobody knows yet how long it took', canary: untimed, baseline: count(100), is: 'few' },
  { name: 'nobody knows yet how long it takes else', canary: count(100), baseline: untimed, is: 'few' },
  { name: 'no times are to be had any more', canary: untimed, baseline: untimed, alone: true, is: 'passed' },
]) {
  t.test(`a gate where ${name}`, async (t) => {
    const result = compareSides(gate, { canary, baseline }, alone)
    t.equal(result.kind === 'worse' ? result.reason : result.kind, is)
  })
}

t.test('times that nobody knows are no matter to a gate that does not ask for them', async (t) => {
  const plain = { ...gate, slowerPercent: undefined }
  t.equal(compareSides(plain, { canary: untimed, baseline: untimed }, false).kind, 'passed')
})

t.test('fewer requests than asked for never pass, whatever they were', async (t) => {
  const any = fc.option(
    fc
      .record({ requests: fc.nat(300), share: fc.double({ min: 0, max: 1, noNaN: true }), p95Ms: fc.nat(1000) })
      .map(({ requests, share, p95Ms }) => ({ requests, errors: Math.floor(requests * share), p95Ms })),
    { nil: undefined },
  )
  const property = fc.property(any, any, fc.boolean(), (canary, baseline, alone) => {
    const { kind } = compareSides(gate, { canary, baseline }, alone)
    const enough = (canary?.requests ?? 0) >= 100 && (alone || (baseline?.requests ?? 0) >= 100)
    return kind !== 'passed' || enough
  })
  t.doesNotThrow(() => fc.assert(property))
})

t.test('one more failure of the canary never makes a verdict better', async (t) => {
  const rank = { worse: 0, few: 1, passed: 1 }
  const property = fc.property(
    fc.integer({ min: 1, max: 300 }),
    fc.nat(299),
    fc.nat(300),
    fc.nat(300),
    (requests, failed, asked, bad) => {
      const errors = Math.min(failed, requests - 1)
      const baseline = { requests: asked, errors: Math.min(asked, bad), p95Ms: undefined }
      const of = (errors: number) =>
        compareSides(gate, { canary: { requests, errors, p95Ms: undefined }, baseline }, false)
      return rank[of(errors + 1).kind] <= rank[of(errors).kind]
    },
  )
  t.doesNotThrow(() => fc.assert(property))
})
