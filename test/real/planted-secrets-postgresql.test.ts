import t from 'tap'
import { plantAndLook } from '#test/support/plant-secrets.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'

t.setTimeout(120_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test(
  'a secret stands nowhere in a plane on PostgreSQL, nor in its backup, audit and log',
  { skip },
  async (t) => {
    await using kind = await PostgresqlKind.start()
    const database = await kind.database()
    const { host, port, user } = kind.settings(database)
    await plantAndLook(t, {
      journal: { postgresql: { host, port, database, user } },
      dumped: async () => {
        const tables = await kind.server.query<{ name: string }>(
          "select table_name as name from information_schema.tables where table_schema = 'public'",
          database,
        )
        const texts = new Map<string, string>()
        for (const { name } of tables) {
          const rows = await kind.server.query<{ row: string }>(`select t::text as row from "${name}" t`, database)
          // What is kept as bytes comes as hexadecimal digits.
          const read = ({ row }: { row: string }) =>
            row.replace(/\\\\x((?:[0-9a-f]{2})+)/g, (_, digits: string) =>
              Buffer.from(digits, 'hex').toString('latin1'),
            )
          texts.set(`table ${name}`, rows.map(read).join('\n'))
        }
        return texts
      },
    })
  },
)
