import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** The journal, its snapshots, and who this installation is. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { revision, text } = columnTypes(db)
  await db.schema
    .createTable('journal_head')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('journal')
    .addColumn('revision', revision, (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('by', text, (column) => column.notNull())
    .addColumn('subject_kind', text, (column) => column.notNull())
    .addColumn('subject_id', text, (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('seen', 'bigint')
    .addColumn('body', text, (column) => column.notNull())
    .execute()
  await db.schema.createIndex('journal_at').on('journal').column('at').execute()
  await db.schema
    .createTable('snapshots')
    .addColumn('revision', revision, (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('parts', 'integer', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('snapshot_parts')
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('part', 'integer', (column) => column.notNull())
    .addColumn('body', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('snapshot_parts_key', ['revision', 'part'])
    .execute()
  await db.schema
    .createTable('installation')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('created_at', text, (column) => column.notNull())
    .execute()
  await db.insertInto('journal_head').values({ id: 1, revision: 0 }).execute()
  await db
    .insertInto('installation')
    .values({ id: newInstallationId(), created_at: new Date().toISOString() })
    .execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  for (const table of ['installation', 'snapshot_parts', 'snapshots', 'journal', 'journal_head']) {
    await db.schema.dropTable(table).execute()
  }
}

/** `i-` and 16 hex characters. */
function newInstallationId(): string {
  return `i-${randomBytes(8).toString('hex')}`
}
