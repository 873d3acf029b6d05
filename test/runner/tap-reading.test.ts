import t from 'tap'
import { type FileResult, TapReading } from './tap-reading.ts'

const report = `TAP version 14
1..3
# Subtest: agent/x.test.ts
    ok 1 - should be equal
    ok 2 - later # SKIP no
    1..2
ok 1 - agent/x.test.ts # time=24.951ms

# Subtest: agent/y.test.ts
    # Subtest: a promise
        ok 1 - should be equal
        1..1
    ok 1 - a promise # time=1ms
    
    # Subtest: another promise
        # Subtest: its first half
            not ok 1 - should be equal
              ---
              compare: ===
              diff: |
                -3
                +2
              ...
            
            1..1
        not ok 1 - its first half # time=8.074ms
          ---
          at:
            lineNumber: 5
          ...
        
        1..1
    not ok 2 - another promise # time=15.117ms
      ---
      at:
        lineNumber: 5
      ...
    
    1..2
not ok 2 - agent/y.test.ts # time=1.5s
  ---
  exitCode: 1
  ...

# Subtest: agent/z.test.ts
    1..0 # no tests found
not ok 3 - agent/z.test.ts # time=414.79ms
  ---
  exitCode: 1
  ...

# { total: 5, pass: 2, fail: 2, skip: 1 }
# time=1110.52ms`

function readAll(text: string): { results: readonly FileResult[]; reading: TapReading } {
  const reading = new TapReading()
  const results = text.split('\n').flatMap((line) => reading.take(line) ?? [])
  const last = reading.finish()
  return { results: last === undefined ? results : [...results, last], reading }
}

await t.test('each file is told with its time, and each failure once, innermost, with its details', async (t) => {
  const { results, reading } = readAll(report)
  t.strictSame(results, [
    { file: 'agent/x.test.ts', passed: true, tookMs: 24.951, failures: [] },
    {
      file: 'agent/y.test.ts',
      passed: false,
      tookMs: 1500,
      failures: [
        {
          path: ['agent/y.test.ts', 'another promise', 'its first half', 'should be equal'],
          details: 'compare: ===\ndiff: |\n  -3\n  +2',
        },
      ],
    },
    {
      file: 'agent/z.test.ts',
      passed: false,
      tookMs: 414.79,
      failures: [{ path: ['agent/z.test.ts'], details: 'exitCode: 1' }],
    },
  ])
  t.strictSame(reading.totals, { passed: 2, failed: 2, skipped: 1 })
})

await t.test('a report that broke off has no totals, and no file that is not complete', async (t) => {
  const { results, reading } = readAll(report.slice(0, report.indexOf('not ok 2 - another')))
  t.strictSame(
    results.map(({ file }) => file),
    ['agent/x.test.ts'],
  )
  t.equal(reading.totals, undefined)
})
