import t from 'tap'
import { journalSuite } from '#test/support/store/journal-suite.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { leadershipSuite } from '#test/support/store/leadership-suite.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { queriesSuite } from '#test/support/store/queries-suite.ts'
import { replaySuite } from '#test/support/store/replay-suite.ts'
import { replicasSuite } from '#test/support/store/replicas-suite.ts'
import { storeSuite } from '#test/support/store/store-suite.ts'
import { tablesSuite } from '#test/support/store/tables-suite.ts'

t.setTimeout(150_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('what holds of SQLite holds of PostgreSQL', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await storeSuite(t, kind)
  await queriesSuite(t, kind)
  await leadershipSuite(t, kind)
  await replicasSuite(t, kind)
  await tablesSuite(t, kind)
  await replaySuite(t, kind)
  await journalSuite(t, kind)
})
