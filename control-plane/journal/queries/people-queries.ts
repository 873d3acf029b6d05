import { type Kysely, sql, type Transaction } from 'kysely'
import type { PeopleStore, StoredLink } from '../../fleet/people.ts'
import { takeTurn } from '../dialect-words.ts'
import type { Schema } from '../schema.ts'
import { isoTime } from '../tables/rows.ts'
import { addAudit } from './audit-queries.ts'
import { linkRow, sessionOf, userOf } from './people-rows.ts'
import { signInQueries } from './sign-in-queries.ts'
import { insertUser, lockUser, userRowOf } from './user-rows.ts'

/** Who people are and how they sign in, in the common subset of SQLite and PostgreSQL. */
export function peopleQueries(db: Kysely<Schema>): PeopleStore {
  return { ...userQueries(db), ...signInQueries(db), ...sessionQueries(db) }
}

type UserQueries = Pick<
  PeopleStore,
  'users' | 'user' | 'addUser' | 'changeUser' | 'addSignInLink' | 'addFirstSignInLink' | 'hasEnrolledUsers'
>

function userQueries(db: Kysely<Schema>): UserQueries {
  return {
    async users(limit) {
      const rows = await db.selectFrom('cluster_users').selectAll().orderBy('id').limit(limit).execute()
      return rows.map(userOf)
    },

    async user(idOrName) {
      const row =
        (await userRowOf(db, idOrName)) ??
        (await db.selectFrom('cluster_users').selectAll().where('username', '=', idOrName).executeTakeFirst())
      return row && userOf(row)
    },

    addUser: (user, audit) =>
      db.transaction().execute(async (transaction) => {
        if (!(await insertUser(transaction, user))) return false
        await addAudit(transaction, audit)
        return true
      }),

    changeUser: ({ id, role, status, at, audit }) =>
      db.transaction().execute(async (transaction) => {
        const changed = await transaction
          .updateTable('cluster_users')
          .set({
            updated_at: isoTime(at),
            ...(role === undefined ? {} : { role }),
            ...(status === undefined ? {} : { status }),
          })
          .where('user_id', '=', id)
          .returning('id')
          .executeTakeFirst()
        if (!changed) return false
        await transaction.deleteFrom('user_sessions').where('user_id', '=', id).execute()
        await transaction.deleteFrom('sign_in_links').where('user_id', '=', id).execute()
        await addAudit(transaction, audit)
        return true
      }),

    addSignInLink: (link, audit) =>
      db.transaction().execute(async (transaction) => {
        if (!(await insertLink(transaction, link))) return false
        await addAudit(transaction, audit)
        return true
      }),

    addFirstSignInLink: (link, audit) =>
      db.transaction().execute(async (transaction) => {
        // Of planes that start together one makes it.
        await takeTurn(transaction, 'api_tokens')
        if (await someoneMayInvite(transaction, isoTime(link.createdAt))) return false
        if (!(await insertLink(transaction, link))) return false
        await addAudit(transaction, audit)
        return true
      }),

    async hasEnrolledUsers() {
      const row = await db
        .selectFrom('cluster_users')
        .select('id')
        .where('enrolled_at', 'is not', null)
        .limit(1)
        .executeTakeFirst()
      return row !== undefined
    },
  }
}

function sessionQueries(
  db: Kysely<Schema>,
): Pick<PeopleStore, 'session' | 'sessions' | 'sawSession' | 'endSession' | 'dropPeople'> {
  return {
    async session(id) {
      const row = await db.selectFrom('user_sessions').selectAll().where('session_id', '=', id).executeTakeFirst()
      const user = row && (await userRowOf(db, row.user_id))
      return row && user && { session: sessionOf(row), user: userOf(user) }
    },

    async sessions(limit) {
      const rows = await db.selectFrom('user_sessions').selectAll().orderBy('id', 'desc').limit(limit).execute()
      return rows.map(sessionOf)
    },

    async sawSession(id, at, expiresAt) {
      await db
        .updateTable('user_sessions')
        .set({ last_seen_at: isoTime(at), expires_at: isoTime(expiresAt) })
        .where('session_id', '=', id)
        .where('last_seen_at', '<', isoTime(at))
        .execute()
    },

    endSession: (id, audit) =>
      db.transaction().execute(async (transaction) => {
        const ended = await transaction
          .deleteFrom('user_sessions')
          .where('session_id', '=', id)
          .returning('id')
          .executeTakeFirst()
        if (!ended) return false
        await addAudit(transaction, audit)
        return true
      }),

    dropPeople: (now) =>
      db.transaction().execute(async (transaction) => {
        for (const table of ['user_sessions', 'sign_in_links', 'sign_ins'] as const) {
          await transaction.deleteFrom(table).where('expires_at', '<=', isoTime(now)).execute()
        }
      }),
  }
}

async function insertLink(transaction: Transaction<Schema>, link: StoredLink): Promise<boolean> {
  // By this whoever suspends him meanwhile waits, or has this one wait.
  const user = await lockUser(transaction, link.userId)
  if (!user || user.status === 'suspended') return false
  await transaction.deleteFrom('sign_in_links').where('user_id', '=', link.userId).execute()
  await transaction.insertInto('sign_in_links').values(linkRow(link)).execute()
  return true
}

async function someoneMayInvite(transaction: Transaction<Schema>, now: string): Promise<boolean> {
  const admin = await transaction
    .selectFrom('cluster_users')
    .select('id')
    .where('role', '=', 'admin')
    .where('status', '=', 'active')
    .where('enrolled_at', 'is not', null)
    .limit(1)
    .executeTakeFirst()
  const link = await transaction
    .selectFrom('sign_in_links')
    .innerJoin('cluster_users', 'cluster_users.user_id', 'sign_in_links.user_id')
    .select('sign_in_links.id')
    .where('cluster_users.role', '=', 'admin')
    .where('sign_in_links.expires_at', '>', now)
    .limit(1)
    .executeTakeFirst()
  const token = await transaction
    .selectFrom('api_tokens')
    .select('id')
    .where('kind', '!=', 'break-glass')
    .where('ended_at', 'is', null)
    .where('expires_at', '>', now)
    .where('permissions', 'like', sql.lit('%"users:write"%'))
    .limit(1)
    .executeTakeFirst()
  return (admin ?? link ?? token) !== undefined
}
