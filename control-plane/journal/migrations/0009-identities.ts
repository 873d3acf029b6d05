import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** Who signs certificates, who may have one, who has one, and whose counts no more. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, text } = columnTypes(db)
  await db.schema
    .createTable('authorities')
    .addColumn('id', number, numbered)
    .addColumn('authority_id', text, (column) => column.notNull().unique())
    .addColumn('certificate', text, (column) => column.notNull())
    .addColumn('sealed_key', text, (column) => column.notNull())
    .addColumn('secret_check', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('since', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('not_after', text, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('enrolment_tokens')
    .addColumn('id', number, numbered)
    .addColumn('token_id', text, (column) => column.notNull().unique())
    .addColumn('secret_hash', text, (column) => column.notNull())
    .addColumn('uses_left', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', text, (column) => column.notNull())
    .addColumn('scope', text, (column) => column.notNull())
    .addColumn('author', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('last_used_at', text)
    .execute()
  await db.schema
    .createTable('identities')
    .addColumn('id', number, numbered)
    .addColumn('node_id', text, (column) => column.notNull().unique())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('machine_id', text, (column) => column.notNull())
    .addColumn('public_key', text, (column) => column.notNull())
    .addColumn('former_key', text)
    .addColumn('scope', text, (column) => column.notNull())
    .addColumn('pending', text)
    .addColumn('serial', text, (column) => column.notNull())
    .addColumn('issued_at', text, (column) => column.notNull())
    .addColumn('not_after', text, (column) => column.notNull())
    .addColumn('enrolled_by', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('revocations')
    .addColumn('id', number, numbered)
    .addColumn('subject', text, (column) => column.notNull().unique())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('node_id', text, (column) => column.notNull())
    .addColumn('enrolment', 'bigint')
    .addColumn('serial', text)
    .addColumn('until', text)
    .addColumn('at', text, (column) => column.notNull())
    .addColumn('by', text, (column) => column.notNull())
    .addColumn('why', text, (column) => column.notNull())
    .addColumn('ends_at', text, (column) => column.notNull())
    .execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  for (const table of ['revocations', 'identities', 'enrolment_tokens', 'authorities']) {
    await db.schema.dropTable(table).execute()
  }
}
