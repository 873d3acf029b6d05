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

t.test('of a database only where it is has to be said', async (t) => {
  const { config } = readConfig(JournalConfig, 'postgresql:\n  host: db.internal\n', 'journal.yaml')
  t.strictSame(config?.postgresql, {
    host: 'db.internal',
    port: 5432,
    database: 'heddle',
    user: 'heddle',
    connections: 6,
    connect_timeout: 3_000,
    statement_timeout: 5_000,
    listen: true,
  })
})

t.test('a password has no place in the configuration, and is not told when it stands there', async (t) => {
  const text = 'postgresql:\n  host: db\n  password: hunter2\n  connections: 2\n'
  const { problems } = readConfig(JournalConfig, text, 'journal.yaml')
  t.match(problems?.map(({ path }) => path).sort(), ['postgresql.connections', 'postgresql.password'])
  t.notMatch(JSON.stringify(problems), /hunter2/)
})
