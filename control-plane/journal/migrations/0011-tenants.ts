import { type Kysely, sql } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** Whose each event is, and the environments of users. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, text } = columnTypes(db)
  await db.schema.alterTable('journal').addColumn('tenant', text).execute()
  await db.schema
    .createIndex('journal_tenant')
    .on('journal')
    .columns(['tenant', 'revision'])
    .where(sql.ref('tenant'), 'is not', null)
    .execute()
  await db.schema
    .createTable('environments')
    .addColumn('id', number, numbered)
    .addColumn('environment_id', text, (column) => column.notNull().unique())
    .addColumn('tenant', text, (column) => column.notNull())
    .addColumn('idempotency_key', text, (column) => column.notNull())
    .addColumn('request_hash', text, (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('username', text, (column) => column.notNull())
    .addColumn('email', text)
    .addColumn('user_id', text)
    .addColumn('steps', text, (column) => column.notNull())
    .addColumn('instance_id', text, (column) => column.notNull())
    .addColumn('node_id', text, (column) => column.notNull())
    .addColumn('site', text, (column) => column.notNull())
    .addColumn('machine', text, (column) => column.notNull())
    .addColumn('units', 'bigint', (column) => column.notNull())
    .addColumn('requirement', text, (column) => column.notNull())
    .addColumn('author', text, (column) => column.notNull())
    .addColumn('reason', text, (column) => column.notNull())
    .addColumn('code', text, (column) => column.notNull())
    .addColumn('why', text, (column) => column.notNull())
    .addColumn('failures', 'bigint', (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .addColumn('due_at', text)
    .addColumn('expires_at', text)
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('environments_key', ['tenant', 'idempotency_key'])
    .execute()
  await db.schema.createIndex('environments_state').on('environments').columns(['state', 'tenant']).execute()
  await db.schema.createIndex('environments_due').on('environments').column('due_at').execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('environments').execute()
  await db.schema.dropIndex('journal_tenant').execute()
  await db.schema.alterTable('journal').dropColumn('tenant').execute()
}
