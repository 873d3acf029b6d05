import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** Releases of agents, and how far each rollout of one is. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, text } = columnTypes(db)
  await db.schema
    .createTable('releases')
    .addColumn('id', number, numbered)
    .addColumn('version', text, (column) => column.notNull().unique())
    .addColumn('sha256', text, (column) => column.notNull())
    .addColumn('bytes', number, (column) => column.notNull())
    .addColumn('signed', text, (column) => column.notNull())
    .addColumn('author', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('upgrade_rollouts')
    .addColumn('id', number, numbered)
    .addColumn('rollout_id', number, (column) => column.notNull().unique())
    .addColumn('scope', text, (column) => column.notNull())
    .addColumn('version', text, (column) => column.notNull())
    .addColumn('phase', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('upgrade_rollouts').execute()
  await db.schema.dropTable('releases').execute()
}
