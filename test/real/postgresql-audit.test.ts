import t from 'tap'
import { accessSuite } from '#test/support/store/access-suite.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'

t.setTimeout(150_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('tokens, tries and the audit, in a PostgreSQL that planes share', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await accessSuite(t, kind)
})
