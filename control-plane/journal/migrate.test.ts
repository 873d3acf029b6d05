import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import t, { type Test } from 'tap'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/all.ts'
import type { Schema } from './schema.ts'
import { NodeSqliteDialect } from './sqlite/dialect.ts'

function open(t: Test) {
  const database = new DatabaseSync(':memory:')
  t.teardown(() => database.close())
  return { database, db: new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) }) }
}

/** Names and definitions of all that is in the database, but for what counts the migrations. */
function schemaOf(database: DatabaseSync) {
  const rows = database.prepare('select name, sql from sqlite_schema order by name').all()
  return rows.filter(({ name }) => !/^(kysely_|sqlite_)/.test(String(name)))
}

const numbers = Object.keys(migrations) as (keyof typeof migrations)[]

t.test('migrations are numbered without a gap', async (t) => {
  t.strictSame(
    numbers.map((name) => Number.parseInt(name, 10)),
    numbers.map((_, index) => index + 1),
  )
})

t.test('every migration goes forward, back and forward to the same schema', async (t) => {
  const { database, db } = open(t)
  const seen: unknown[] = []
  for (const name of ['none', ...numbers] as const) {
    await migrate(db, name)
    seen.push(schemaOf(database))
  }
  for (const name of ['none', ...numbers].toReversed()) {
    await migrate(db, name)
    t.strictSame(schemaOf(database), seen.pop(), `back at ${name}`)
  }
  await migrate(db)
  await migrate(db)
  t.not(schemaOf(database).length, 0)
})

t.test('a migration that fails leaves nothing behind', async (t) => {
  const { database, db } = open(t)
  database.exec('create table cluster_nodes (a)')
  await t.rejects(migrate(db), /cluster_nodes/)
  t.strictSame(
    schemaOf(database).map(({ name }) => name),
    ['cluster_nodes'],
  )
})

t.test('a store of a newer version is left alone', async (t) => {
  const { database, db } = open(t)
  await migrate(db)
  database.exec("insert into kysely_migration values ('0999-later', '2030-01-01T00:00:00.000Z')")
  await t.rejects(migrate(db), { code: 'STORE_TOO_NEW', message: /0999-later/ })
})

t.test('a new installation has an id, configurations, rules and users that nobody can be yet', async (t) => {
  const { db } = open(t)
  await migrate(db)
  t.match(await db.selectFrom('installation').selectAll().execute(), [{ id: /^i-[0-9a-f]{16}$/ }])
  const configurations = await db.selectFrom('cluster_configs').selectAll().orderBy('id').execute()
  t.match(
    configurations.map(({ config_key, config_value }) => `${config_key}=${config_value}`),
    [
      'health_check_interval=30s',
      'heartbeat_lifetime=300s',
      'sweep_interval=5m',
      'metric_retention=7d',
      'load_balancing=round_robin',
      'log_level=info',
    ],
  )
  const rules = await db.selectFrom('alert_rules').selectAll().orderBy('id').execute()
  t.equal(rules.length, 7)
  t.ok(rules.every(({ enabled }) => enabled === 1))
  const users = await db.selectFrom('cluster_users').selectAll().orderBy('id').execute()
  t.match(users, [
    { username: 'admin', role: 'admin', status: 'inactive', email: null, last_login: null },
    { username: 'operator', role: 'operator', status: 'inactive' },
    { username: 'viewer', role: 'viewer', status: 'inactive' },
  ])
  t.notOk(Object.keys(users[0] ?? {}).some((column) => /password|secret|hash/.test(column)))
})

t.test('what people made of the initial contents survives going back', async (t) => {
  const { db } = open(t)
  await migrate(db)
  await db.updateTable('cluster_users').set({ status: 'active' }).where('username', '=', 'admin').execute()
  await db.updateTable('cluster_configs').set({ config_value: 'debug' }).where('config_key', '=', 'log_level').execute()
  await migrate(db, '0002-tables')
  t.match(await db.selectFrom('cluster_users').select('username').execute(), [{ username: 'admin' }])
  t.match(await db.selectFrom('cluster_configs').select('config_key').execute(), [{ config_key: 'log_level' }])
  t.strictSame(await db.selectFrom('alert_rules').selectAll().execute(), [])
})
