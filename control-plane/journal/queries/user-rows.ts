import type { Kysely, Selectable, Transaction } from 'kysely'
import type { StoredUser } from '../../fleet/people.ts'
import type { ClusterUsers, Schema } from '../schema.ts'
import { userOf, userRow } from './people-rows.ts'

export async function userRowOf(db: Kysely<Schema>, id: string): Promise<Selectable<ClusterUsers> | undefined> {
  return await db.selectFrom('cluster_users').selectAll().where('user_id', '=', id).executeTakeFirst()
}

/** False: something of it is taken. */
export async function insertUser(transaction: Transaction<Schema>, user: StoredUser): Promise<boolean> {
  const added = await transaction
    .insertInto('cluster_users')
    .values(userRow(user))
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return added !== undefined
}

/** Whoever changes or deletes something of the same user meanwhile waits. */
export async function lockUser(transaction: Transaction<Schema>, id: string): Promise<StoredUser | undefined> {
  const row = await transaction
    .updateTable('cluster_users')
    .set((row) => ({ updated_at: row.ref('updated_at') }))
    .where('user_id', '=', id)
    .returningAll()
    .executeTakeFirst()
  return row && userOf(row)
}
