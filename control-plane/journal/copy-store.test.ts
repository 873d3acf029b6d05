import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import t, { type Test } from 'tap'
import { copyStore } from './copy-store.ts'
import { migrate } from './migrate.ts'
import { storeQueries } from './queries/store-queries.ts'
import type { Schema } from './schema.ts'
import { NodeSqliteDialect } from './sqlite/dialect.ts'
import { encodeEvent } from './stored-event.ts'

async function migrated(t: Test) {
  const database = new DatabaseSync(':memory:')
  t.teardown(() => database.close())
  const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) })
  await migrate(db)
  return { database, db, store: storeQueries(db) }
}

const event = encodeEvent({ version: 1, at: 1, by: 'x', change: { kind: 'fell-silent', instance: 'crm-1' } })

t.test('a copy has every row of every table, however many, and who the installation is', async (t) => {
  const from = await migrated(t)
  await from.store.append(Array.from({ length: 1_203 }, () => event))
  for (let part = 0; part < 45; part += 1) await from.store.saveSnapshotPart(7, part, `part ${part}`)
  await from.store.finishSnapshot({ revision: 7, at: 0, version: 1, parts: 45 })
  const rollup = {
    service: 's',
    node: 'n',
    name: 'm',
    unit: 'count',
    sum: 1,
    min: 1,
    max: 1,
    last: 1,
    samples: 1,
  } as const
  await from.store.saveRollups(Array.from({ length: 700 }, (_, minute) => ({ ...rollup, minute: minute * 60_000 })))
  const to = await migrated(t)
  const copied = await copyStore(from.db, to.db, 'new')
  t.match(copied, { journal: 1_203, snapshot_parts: 45, service_metrics: 700, installation: 1, cluster_users: 3 })
  const tables = to.database.prepare("select name from sqlite_schema where type = 'table'").all()
  for (const { name } of tables) {
    if (/^(sqlite_|kysely_)/.test(String(name))) continue
    const rows = ({ database }: typeof from) => database.prepare(`select * from ${name}`).all()
    t.strictSame(rows(to), rows(from), String(name))
    if (!notCopied.has(String(name))) t.ok(String(name) in copied, `${name} is copied`)
  }
  t.equal(await to.store.append([event]), 1_204)
})

/** What counts once, or is said anew by whoever runs. */
const notCopied = new Set(['leadership', 'replicas', 'enrolment_tokens', 'access_tries', 'sign_in_links', 'sign_ins'])

t.test('nothing is copied into a store that has a journal, or that a plane works on', async (t) => {
  const from = await migrated(t)
  await from.store.append([event])
  const used = await migrated(t)
  await used.store.append([event, event])
  await t.rejects(copyStore(from.db, used.db, 'used'), { code: 'STORE_NOT_EMPTY', message: /up to revision 2/ })
  t.equal(await used.store.head(), 2)
  const led = await migrated(t)
  await led.store.claimLeadership({ run: 'r1', holder: 'one', forMs: 60_000 })
  await t.rejects(copyStore(from.db, led.db, 'led'), { code: 'STORE_IN_USE', message: /one works/ })
  t.equal(await led.store.head(), 0)
})
