import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** What cluster managers hand over to be kept in step. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, text } = columnTypes(db)
  await db.schema
    .createTable('sync_tasks')
    .addColumn('id', number, numbered)
    .addColumn('task_id', text, (column) => column.notNull().unique())
    .addColumn('source_node', text, (column) => column.notNull())
    .addColumn('target_nodes', text, (column) => column.notNull())
    .addColumn('data_type', text, (column) => column.notNull())
    .addColumn('priority', 'integer', (column) => column.notNull())
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('error', text)
    .addColumn('timestamp', text, (column) => column.notNull())
    .addColumn('bytes', 'integer', (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    // Last: what stands before it is read without it.
    .addColumn('data', text, (column) => column.notNull())
    .execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('sync_tasks').execute()
}
