import t from 'tap'
import { environmentsSuite } from '#test/support/store/environments-suite.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'

t.setTimeout(150_000)
const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'

await t.test('environments on PostgreSQL', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await environmentsSuite(t, kind)
})
