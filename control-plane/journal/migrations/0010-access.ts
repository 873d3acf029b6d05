import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** Tokens of the API, failed tries, and the audit with the two ends of its chain. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, revision, text } = columnTypes(db)
  await db.schema
    .createTable('api_tokens')
    .addColumn('id', number, numbered)
    .addColumn('token_id', text, (column) => column.notNull().unique())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('secret_hash', text, (column) => column.notNull())
    .addColumn('role', text)
    .addColumn('permissions', text, (column) => column.notNull())
    .addColumn('tenant', text)
    .addColumn('author', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('expires_at', text, (column) => column.notNull())
    .addColumn('ended_at', text)
    .addColumn('last_used_at', text)
    .execute()
  await db.schema
    .createTable('access_tries')
    .addColumn('id', number, numbered)
    .addColumn('subject', text, (column) => column.notNull().unique())
    .addColumn('failures', 'bigint', (column) => column.notNull())
    .addColumn('since', text, (column) => column.notNull())
    .addColumn('locked_until', text)
    .execute()
  await db.schema
    .createTable('audit')
    .addColumn('id', revision, (column) => column.primaryKey())
    .addColumn('at', text, (column) => column.notNull())
    .addColumn('caller', text, (column) => column.notNull())
    .addColumn('source', text, (column) => column.notNull())
    .addColumn('operation', text, (column) => column.notNull())
    .addColumn('subject', text, (column) => column.notNull())
    .addColumn('was', text, (column) => column.notNull())
    .addColumn('became', text, (column) => column.notNull())
    .addColumn('why', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('audit_head')
    .addColumn('id', revision, (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .addColumn('dropped_seq', 'bigint', (column) => column.notNull())
    .addColumn('dropped_hash', text, (column) => column.notNull())
    .execute()
  await db.insertInto('audit_head').values({ id: 1, seq: 0, hash: '', dropped_seq: 0, dropped_hash: '' }).execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  for (const table of ['audit_head', 'audit', 'access_tries', 'api_tokens']) {
    await db.schema.dropTable(table).execute()
  }
}
