import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** How far the splits of services are. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, text } = columnTypes(db)
  await db.schema
    .createTable('routing_splits')
    .addColumn('id', number, numbered)
    .addColumn('service', text, (column) => column.notNull().unique())
    .addColumn('phase', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('routing_splits').execute()
}
