import t from 'tap'
import { readConfig } from '#shared/config/read.ts'
import { JournalConfig } from './config.ts'

t.test('nothing has to be set', async (t) => {
  t.strictSame(readConfig(JournalConfig, '', 'journal.yaml').config, {
    path: 'heddle.db',
    queue: 10_000,
    snapshot_every: 20_000,
    snapshot_within: 3_600_000,
    retention: 30 * 86_400_000,
    tables_within: 1_000,
    metrics: { retention: 7 * 86_400_000, most_rows: 5_000_000 },
  })
})

t.test('every problem is named with its line', async (t) => {
  const { problems } = readConfig(
    JournalConfig,
    'queue: 0\nretention: never\nmetrics:\n  most_rows: -1\npaht: x\n',
    'journal.yaml',
  )
  t.match(problems.map(({ line, path }) => `${line} ${path}`).sort(), [
    '1 queue',
    '2 retention',
    '4 metrics.most_rows',
    '5 paht',
  ])
})
