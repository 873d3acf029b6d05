import type { Kysely } from 'kysely'
import { Migrator, NO_MIGRATIONS } from 'kysely/migration'
import { Failure } from '#shared/failure/failure.ts'
import { migrations } from './migrations/all.ts'
import type { Schema } from './schema.ts'

/**
 * Brings the schema to the newest migration, or forward or back to the one named (`none`: before the first), whole or not at all. The
 * caller holds the store's lock. Throws STORE_TOO_NEW if a newer Heddle has been here.
 */
export async function migrate(db: Kysely<Schema>, to?: keyof typeof migrations | 'none'): Promise<void> {
  const applied = await appliedMigrations(db)
  const unknown = applied.find((name) => !(name in migrations))
  if (unknown !== undefined) {
    throw new Failure('STORE_TOO_NEW', `The store has the migration ${unknown}, which this version does not know.`)
  }
  // The usual start writes nothing, so it works on a full disk.
  if (to === undefined && applied.length === Object.keys(migrations).length) return
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error } =
    to === undefined ? await migrator.migrateToLatest() : await migrator.migrateTo(to === 'none' ? NO_MIGRATIONS : to)
  if (error !== undefined) throw error
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
