import type { Kysely, Transaction } from 'kysely'
import { Migrator, NO_MIGRATIONS } from 'kysely/migration'
import { Failure } from '#shared/failure/failure.ts'
import { takeTurn, unbound } from './dialect-words.ts'
import { migrations } from './migrations/all.ts'
import type { Schema } from './schema.ts'

export type MigrationName = keyof typeof migrations | 'none'

/**
 * Brings the schema to the newest migration, or forward or back to the one named (`none`: before the first), whole or not at all. Of
 * several that do so at once one does, and the others wait for it. Throws STORE_TOO_NEW if a newer Heddle has been here.
 */
export async function migrate(db: Kysely<Schema>, to?: MigrationName): Promise<void> {
  // The usual start writes nothing, so it works on a full disk.
  if ((await isNewest(db)) && to === undefined) return
  await db.transaction().execute(async (transaction) => {
    await unbound(transaction)
    await takeTurn(transaction, 'migrations')
    if ((await isNewest(transaction)) && to === undefined) return
    await migrateWithin(transaction, to)
  })
}

/** The same as a part of a transaction, which has taken its turn. */
export async function migrateWithin(transaction: Transaction<Schema>, to?: MigrationName): Promise<void> {
  const migrator = new Migrator({ db: transaction, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error } =
    to === undefined ? await migrator.migrateToLatest() : await migrator.migrateTo(to === 'none' ? NO_MIGRATIONS : to)
  if (error !== undefined) throw error
}

/** The name of the newest migration that a store has; `none`: it has none. */
export async function newestMigration(db: Kysely<Schema>): Promise<string> {
  return [...(await appliedMigrations(db))].sort().at(-1) ?? 'none'
}

async function isNewest(db: Kysely<Schema>): Promise<boolean> {
  const applied = await appliedMigrations(db)
  const unknown = applied.find((name) => !(name in migrations))
  if (unknown !== undefined) {
    throw new Failure('STORE_TOO_NEW', `The store has the migration ${unknown}, which this version does not know.`)
  }
  return applied.length === Object.keys(migrations).length
}

/** The names of the migrations that the store has. */
async function appliedMigrations(db: Kysely<Schema>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return []
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  return rows.map(({ name }) => name)
}
