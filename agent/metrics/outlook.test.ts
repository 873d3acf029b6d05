import t from 'tap'
import { type Attempt, after, attemptOf, noHistory, waitMs } from './outlook.ts'

for (const [status, samples, attempt] of [
  [200, 3, { kind: 'read' }],
  [200, 0, { kind: 'absent', why: 'no numbers in it' }],
  [404, 0, { kind: 'absent', why: 'http 404' }],
  [401, 0, { kind: 'absent', why: 'http 401' }],
  [302, 0, { kind: 'absent', why: 'http 302' }],
  [429, 0, { kind: 'failed', why: 'http 429' }],
  [500, 0, { kind: 'failed', why: 'http 500' }],
  [204, 0, { kind: 'failed', why: 'http 204' }],
] as const) {
  t.test(`${status} with ${samples} samples is ${attempt.kind}`, async (t) => {
    t.strictSame(attemptOf(status, samples), attempt)
  })
}

const missed: Attempt = { kind: 'failed', why: 'timeout' }
const waits = (expected: boolean, attempts: readonly Attempt[]) => {
  let history = noHistory
  return attempts.map((attempt) => {
    history = after(history, attempt)
    return waitMs({ everyMs: 15_000, expected }, history) / 1000
  })
}

t.test('a page that nobody spoke of is left in peace after its first miss', async (t) => {
  t.strictSame(waits(false, [missed, { kind: 'absent', why: 'http 404' }]), [600, 600])
})

t.test('a page that was there, or is expected, is asked for ever more seldom', async (t) => {
  t.strictSame(waits(true, Array(7).fill(missed)), [30, 60, 120, 240, 300, 300, 300])
  t.strictSame(waits(false, [{ kind: 'read' }, missed, missed, { kind: 'read' }]), [15, 30, 60, 15])
})
