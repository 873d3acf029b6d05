import type { Kysely, Transaction } from 'kysely'
import type { AuditDraft } from '../../fleet/audit.ts'
import type { PeopleStore, StoredSession, StoredUser } from '../../fleet/people.ts'
import { takeTurn } from '../dialect-words.ts'
import type { Schema } from '../schema.ts'
import { isoTime } from '../tables/rows.ts'
import { addAudit } from './audit-queries.ts'
import { sessionRow } from './people-rows.ts'
import { insertUser, lockUser } from './user-rows.ts'

/** Browsers in which one person is signed in: the one that was used least lately goes first. */
const mostOfOne = 20
/** People who are at their provider's. */
const mostGone = 10_000

/** How people sign in, in the common subset of SQLite and PostgreSQL. */
export function signInQueries(
  db: Kysely<Schema>,
): Pick<PeopleStore, 'useSignInLink' | 'arrive' | 'endSessionsOf' | 'beginSignIn' | 'takeSignIn'> {
  return {
    useSignInLink: ({ id, secretHash, session }, audit) =>
      db.transaction().execute(async (transaction) => {
        const now = isoTime(session.createdAt)
        const link = await transaction
          .selectFrom('sign_in_links')
          .select('user_id')
          .where('link_id', '=', id)
          .executeTakeFirst()
        // The user first, as whoever changes him does: two that lock each other's rows would wait for ever.
        if (!link || !(await lockUser(transaction, link.user_id))) return undefined
        const used = await transaction
          .deleteFrom('sign_in_links')
          .where('link_id', '=', id)
          .where('secret_hash', '=', secretHash)
          .where('expires_at', '>', now)
          .returning('user_id')
          .executeTakeFirst()
        if (!used) return undefined
        return signIn(transaction, used.user_id, session, audit)
      }),

    arrive: ({ identity, name, role, session }, audit) =>
      db.transaction().execute(async (transaction) => {
        const { issuer, subject } = identity
        const at = isoTime(session.createdAt)
        // Two that come at once for the first time are one user.
        await takeTurn(transaction, 'users')
        const known = await transaction
          .updateTable('cluster_users')
          .set({ role, updated_at: at })
          .where('issuer', '=', issuer)
          .where('subject', '=', subject)
          .returning('user_id')
          .executeTakeFirst()
        const userId = known?.user_id ?? session.id
        if (!known) {
          const taken = await transaction
            .selectFrom('cluster_users')
            .select('id')
            .where((row) => row.or([row('username', '=', name), row('user_id', '=', name)]))
            .executeTakeFirst()
          const user: StoredUser = {
            id: userId,
            name: taken ? `${name}-${session.id}` : name,
            // Of what he says of himself nothing is believed by which others are known.
            email: undefined,
            role,
            permissions: [],
            status: 'inactive',
            lastLogin: undefined,
            createdAt: session.createdAt,
            updatedAt: session.createdAt,
            enrolledAt: undefined,
            identity,
          }
          await insertUser(transaction, user)
        }
        return signIn(transaction, userId, session, audit)
      }),

    endSessionsOf: ({ issuer, subject }, audit) =>
      db.transaction().execute(async (transaction) => {
        const known = await transaction
          .selectFrom('cluster_users')
          .select('user_id')
          .where('issuer', '=', issuer)
          .where('subject', '=', subject)
          .executeTakeFirst()
        if (!known) return 0
        const ended = await transaction
          .deleteFrom('user_sessions')
          .where('user_id', '=', known.user_id)
          .returning('id')
          .execute()
        if (ended.length > 0) await addAudit(transaction, [{ ...audit, subject: `user:${known.user_id}` }])
        return ended.length
      }),

    beginSignIn: ({ hash, expiresAt }, now) =>
      db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('sign_ins').where('expires_at', '<=', isoTime(now)).execute()
        const { rows } = await transaction
          .selectFrom('sign_ins')
          .select(({ fn }) => fn.countAll<number>().as('rows'))
          .executeTakeFirstOrThrow()
        if (Number(rows) >= mostGone) return false
        await transaction
          .insertInto('sign_ins')
          .values({ state_hash: hash, expires_at: isoTime(expiresAt) })
          .execute()
        return true
      }),

    async takeSignIn(hash, now) {
      const taken = await db
        .deleteFrom('sign_ins')
        .where('state_hash', '=', hash)
        .where('expires_at', '>', isoTime(now))
        .returning('id')
        .executeTakeFirst()
      return taken !== undefined
    },
  }
}

/** Undefined where he is not there any more. */
async function signIn(
  transaction: Transaction<Schema>,
  userId: string,
  begun: Omit<StoredSession, 'userId'>,
  audit: Omit<AuditDraft, 'subject'>,
) {
  const user = await lockUser(transaction, userId)
  if (!user || user.status === 'suspended') return { kind: 'suspended' } as const
  const at = isoTime(begun.createdAt)
  const session: StoredSession = { ...begun, userId }
  await transaction
    .updateTable('cluster_users')
    .set({
      status: 'active',
      last_login: at,
      updated_at: at,
      ...(user.enrolledAt === undefined ? { enrolled_at: at } : {}),
    })
    .where('user_id', '=', userId)
    .execute()
  await transaction.insertInto('user_sessions').values(sessionRow(session)).execute()
  await transaction
    .deleteFrom('user_sessions')
    .where('user_id', '=', userId)
    .where('id', 'not in', (query) =>
      query
        .selectFrom('user_sessions')
        .select('id')
        .where('user_id', '=', userId)
        .orderBy('last_seen_at', 'desc')
        .orderBy('id', 'desc')
        .limit(mostOfOne),
    )
    .execute()
  await addAudit(transaction, [{ ...audit, caller: `user:${user.name}`, subject: `session:${session.id}` }])
  return { kind: 'signed-in', user: { ...user, status: 'active' }, session } as const
}
