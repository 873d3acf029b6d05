import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

/** How people sign in. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, text } = columnTypes(db)
  for (const column of ['issuer', 'subject', 'enrolled_at']) {
    await db.schema.alterTable('cluster_users').addColumn(column, text).execute()
  }
  await db.schema
    .createIndex('cluster_users_identity')
    .on('cluster_users')
    .columns(['issuer', 'subject'])
    .unique()
    .execute()
  // Nobody could sign in until now: a row would be somebody else's.
  await db.deleteFrom('user_sessions').execute()
  for (const column of ['session_id', 'ends_at', 'last_seen_at', 'source', 'signed_in_by']) {
    await db.schema
      .alterTable('user_sessions')
      .addColumn(column, text, (column) => column.notNull().defaultTo(''))
      .execute()
  }
  await db.schema.createIndex('user_sessions_session').on('user_sessions').column('session_id').unique().execute()
  await db.schema
    .createTable('sign_in_links')
    .addColumn('id', number, numbered)
    .addColumn('link_id', text, (column) => column.notNull().unique())
    .addColumn('user_id', text, (column) => column.notNull())
    .addColumn('secret_hash', text, (column) => column.notNull())
    .addColumn('author', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('expires_at', text, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('sign_ins')
    .addColumn('id', number, numbered)
    .addColumn('state_hash', text, (column) => column.notNull().unique())
    .addColumn('expires_at', text, (column) => column.notNull())
    .execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  await db.schema.dropTable('sign_ins').execute()
  await db.schema.dropTable('sign_in_links').execute()
  await db.schema.dropIndex('user_sessions_session').execute()
  for (const column of ['session_id', 'ends_at', 'last_seen_at', 'source', 'signed_in_by']) {
    await db.schema.alterTable('user_sessions').dropColumn(column).execute()
  }
  await db.schema.dropIndex('cluster_users_identity').execute()
  for (const column of ['issuer', 'subject', 'enrolled_at']) {
    await db.schema.alterTable('cluster_users').dropColumn(column).execute()
  }
}
