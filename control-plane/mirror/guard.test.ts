import fc from 'fast-check'
import t from 'tap'
import { guard, type Passed } from './guard.ts'

const limits = { windowMs: 600_000, least: 5, share: 0.05 }

for (const { name, passed, wanted, present, pass } of [
  { name: 'none', passed: [], wanted: 0, present: 100, pass: true },
  { name: 'five of few', passed: [], wanted: 5, present: 6, pass: true },
  { name: 'six of few', passed: [], wanted: 6, present: 6, pass: false },
  { name: 'a twentieth of many', passed: [], wanted: 500, present: 10_000, pass: true },
  { name: 'more than a twentieth of many', passed: [], wanted: 501, present: 10_000, pass: false },
  { name: 'three more within the window', passed: [{ at: 900_000, count: 3 }], wanted: 3, present: 50, pass: false },
  { name: 'three more after the window', passed: [{ at: 300_000, count: 3 }], wanted: 3, present: 50, pass: true },
]) {
  await t.test(`${name}: ${pass ? 'go' : 'wait'}`, async (t) => {
    t.equal(guard(passed, wanted, present, 1_000_000, limits).pass, pass)
  })
}

await t.test('however they come, no window sees more than the larger of both go', async (t) => {
  const step = fc.record({ wanted: fc.nat({ max: 30 }), afterMs: fc.nat({ max: 400_000 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: 400 }), (steps, fleet) => {
      let now = 0
      let present = fleet
      let passed: readonly Passed[] = []
      const gone: Passed[] = []
      for (const { wanted, afterMs } of steps) {
        now += afterMs
        const possible = Math.min(wanted, present)
        const verdict = guard(passed, possible, present, now, limits)
        passed = verdict.passed
        if (!verdict.pass) continue
        present -= possible
        gone.push({ at: now, count: possible })
      }
      return gone.every(({ at }) => {
        const window = gone.filter((other) => other.at <= at && at - other.at < limits.windowMs)
        return window.reduce((sum, { count }) => sum + count, 0) <= Math.max(5, fleet * 0.05)
      })
    }),
  )
  t.pass()
})
