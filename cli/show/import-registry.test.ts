import t from 'tap'
import { Tally } from '../import/registry/tally.ts'
import { showRegistryImport } from './import-registry.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
const refused = { table: 'alert_rules', key: 'slow', outcome: 'refused', reason: 'why', remedy: 'what now' } as const

t.test('a report of an import has figures, what was left out, and the first rows that were not taken', async (t) => {
  const heard: number[] = []
  const tally = new Tally('a.sql', ({ line }) => heard.push(line))
  tally.read('alert_rules', ['colour'])
  tally.read('alert_rules', [])
  tally.add('alert_rules', 'taken')
  for (let line = 1; line <= 1_005; line += 1) tally.notTaken({ ...refused, line })
  tally.passed('customers')
  tally.passed('user_sessions')
  const report = tally.report({ dryRun: false, overwrite: false })
  t.match(report, { not_listed: 5, tables: [{ read: 2, taken: 1, refused: 1_005, unknown_columns: { colour: 1 } }] })
  t.equal(report.not_taken.length, 1_000)
  t.equal(heard.length, 1_005)
  const text = showRegistryImport(report, style)
  t.match(text, /\nalert_rules +2 +1 +0 +0 +1005\ncustomers +1 +- +- +- +-\n/)
  t.match(text, /alert_rules: columns that are not read: colour \(1 row\)\n {2}customers: this is none of the nine/)
  t.match(text, /user_sessions: sessions are never taken/)
  t.match(text, /\n1005 rows not taken:\n {2}a\.sql:1 alert_rules slow: refused: why\n {6}what now\n/)
  t.match(
    text,
    /\n {2}\.\.\. and 985 more; --report <file> writes them all\n\nTaken 1; 0 already there, 1005 not taken\.$/,
  )
})

t.test('a dry run says what it would do, and an empty file that it is empty', async (t) => {
  const tally = new Tally('a.sql', () => {})
  t.match(
    showRegistryImport(tally.report({ dryRun: true, overwrite: false }), style),
    /^The file has no rows\.\n\nWould take 0; .* Nothing is changed\.$/,
  )
})
