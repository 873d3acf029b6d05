import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** The planes that share the store, each by its own word. docs/store.md says what for. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { text } = columnTypes(db)
  await db.schema
    .createTable('replicas')
    .addColumn('run', text, (column) => column.primaryKey())
    .addColumn('holder', text, (column) => column.notNull())
    .addColumn('api', text, (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('machine', text, (column) => column.notNull())
    .addColumn('site', text, (column) => column.notNull())
    .addColumn('version', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('sessions', 'bigint', (column) => column.notNull())
    .addColumn('started', 'bigint', (column) => column.notNull())
    .addColumn('seen', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('replicas_seen').on('replicas').column('seen').execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('replicas').execute()
}
