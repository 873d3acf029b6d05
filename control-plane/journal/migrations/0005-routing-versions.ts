import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** The versions of the routing declaration. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, text } = columnTypes(db)
  await db.schema
    .createTable('routing_versions')
    .addColumn('id', number, numbered)
    .addColumn('author', text, (column) => column.notNull())
    .addColumn('comment', text, (column) => column.notNull())
    .addColumn('source', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('why', text, (column) => column.notNull())
    .addColumn('former', 'integer')
    .addColumn('restores', 'integer')
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('ended_at', text)
    .addColumn('rollout', text, (column) => column.notNull())
    // Last: what stands before it is read without it.
    .addColumn('files', text, (column) => column.notNull())
    .execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('routing_versions').execute()
}
