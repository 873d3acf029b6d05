import fc from 'fast-check'
import t from 'tap'
import { latenciesOf, type Outcome, Tally } from './traffic-summary.ts'

const answered = (at: number, status: number, instance?: string): Outcome => ({
  kind: 'answered',
  at,
  tookMs: 2,
  status,
  instance,
})

await t.test('a summary counts answers by status and instance, and failures by reason', async (t) => {
  const tally = new Tally()
  const outcomes: readonly Outcome[] = [
    answered(20, 200, 'a'),
    answered(10, 200, 'a'),
    answered(30, 404, 'b'),
    answered(40, 503),
    { kind: 'failed', at: 50, tookMs: 1, reason: 'ECONNREFUSED' },
  ]
  for (const outcome of outcomes) tally.add(outcome)
  t.strictSame(tally.summary(), {
    sent: 5,
    statuses: { 200: 2, 404: 1, 503: 1 },
    failures: { ECONNREFUSED: 1 },
    failed: 2,
    instances: { a: 2, b: 1 },
    lastSentAt: { a: 20, b: 30 },
    latencyMs: { p50: 2, p95: 2, p99: 2, max: 2 },
    examples: outcomes.slice(3),
  })
})

for (const { name, values, expected } of [
  { name: 'nothing', values: [], expected: { p50: 0, p95: 0, p99: 0, max: 0 } },
  { name: 'one value', values: [7], expected: { p50: 7, p95: 7, p99: 7, max: 7 } },
  {
    name: '100 values',
    values: Array.from({ length: 100 }, (_, i) => 100 - i),
    expected: { p50: 50, p95: 95, p99: 99, max: 100 },
  },
]) {
  await t.test(`percentiles of ${name}`, async (t) => t.strictSame(latenciesOf(values), expected))
}

await t.test('percentiles are measured values and rise', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), (values) => {
      const { p50, p95, p99, max } = latenciesOf(values)
      return p50 <= p95 && p95 <= p99 && p99 <= max && [p50, p95, p99, max].every((value) => values.includes(value))
    }),
  )
  t.pass()
})

await t.test('however many fail, only the first examples are kept', async (t) => {
  const tally = new Tally()
  for (let i = 0; i < 1000; i += 1) tally.add(answered(i, 500))
  t.equal(tally.summary().examples.length, 20)
  t.equal(tally.summary().failed, 1000)
})
