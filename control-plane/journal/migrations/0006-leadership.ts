import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** Who leads, where several planes share the store: one row, that of nobody at first. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { text } = columnTypes(db)
  await db.schema
    .createTable('leadership')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('holder', text, (column) => column.notNull())
    .addColumn('run', text, (column) => column.notNull())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('expires', 'bigint', (column) => column.notNull())
    .execute()
  await db.insertInto('leadership').values({ id: 1, holder: '', run: '', epoch: 0, expires: 0 }).execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('leadership').execute()
}
