import type { Kysely, Transaction } from 'kysely'
import type { IdentityChange, IdentityStore, Revocation, StoredIdentity } from '../../fleet/identity.ts'
import { takeTurn } from '../dialect-words.ts'
import type { Schema } from '../schema.ts'
import { isoTime } from '../tables/rows.ts'
import {
  authorityOf,
  authorityRow,
  identityOf,
  identityRow,
  revocationOf,
  revocationRow,
  tokenOf,
  tokenRow,
} from './identity-rows.ts'

/** Takes back what a transaction has done so far; nothing has failed. */
class TakenBack extends Error {
  readonly why: 'overtaken' | 'spent'

  constructor(why: 'overtaken' | 'spent') {
    super(why)
    this.why = why
  }
}

/** Who may say what, in the common subset of SQLite and PostgreSQL. */
export function identityQueries(db: Kysely<Schema>): IdentityStore {
  return { ...authorityQueries(db), ...tokenQueries(db), ...nodeQueries(db), ...revocationQueries(db) }
}

function authorityQueries(db: Kysely<Schema>) {
  const all = async (within: Kysely<Schema> = db) =>
    (await within.selectFrom('authorities').selectAll().orderBy('id').execute()).map(authorityOf)
  return {
    authorities: () => all(),

    addAuthority: (authority) =>
      db.transaction().execute(async (transaction) => {
        await takeTurn(transaction, 'authorities')
        const known = await all(transaction)
        const taken = known.some(({ id, state }) => id === authority.id || state === authority.state)
        // Whoever signs already goes on; another one has to wait its turn.
        const late = authority.state === 'active' && known.some(({ state }) => state !== 'retired')
        if (taken || late) return known
        await transaction.insertInto('authorities').values(authorityRow(authority)).execute()
        return all(transaction)
      }),

    changeAuthorities: (changes) =>
      inOne(db, async (transaction) => {
        await takeTurn(transaction, 'authorities')
        for (const { id, from, to, at } of changes) {
          const changed = await transaction
            .updateTable('authorities')
            .set({ state: to, since: isoTime(at) })
            .where('authority_id', '=', id)
            .where('state', '=', from)
            .returning('id')
            .executeTakeFirst()
          if (!changed) throw new TakenBack('overtaken')
        }
      }).then((end) => end === 'changed'),
  } satisfies Partial<IdentityStore>
}

function tokenQueries(db: Kysely<Schema>) {
  return {
    async addToken(token) {
      await db.insertInto('enrolment_tokens').values(tokenRow(token)).execute()
    },

    async token(id) {
      const row = await db.selectFrom('enrolment_tokens').selectAll().where('token_id', '=', id).executeTakeFirst()
      return row && tokenOf(row)
    },

    async tokens(limit) {
      const rows = await db.selectFrom('enrolment_tokens').selectAll().orderBy('id', 'desc').limit(limit).execute()
      return rows.map(tokenOf)
    },

    async endToken(id) {
      const ended = await db
        .updateTable('enrolment_tokens')
        .set({ uses_left: 0 })
        .where('token_id', '=', id)
        .returning('id')
        .executeTakeFirst()
      return ended !== undefined
    },

    async dropTokens(before) {
      await db.deleteFrom('enrolment_tokens').where('expires_at', '<', isoTime(before)).execute()
    },
  } satisfies Partial<IdentityStore>
}

function nodeQueries(db: Kysely<Schema>) {
  return {
    async identity(node) {
      const row = await db.selectFrom('identities').selectAll().where('node_id', '=', node).executeTakeFirst()
      return row && identityOf(row)
    },

    async identities(after, limit) {
      const rows = await db
        .selectFrom('identities')
        .selectAll()
        .where('node_id', '>', after)
        .orderBy('node_id')
        .limit(limit)
        .execute()
      return rows.map(identityOf)
    },

    changeIdentity: ({ identity, token, revocations = [] }) =>
      inOne(db, async (transaction) => {
        if (token) await useToken(transaction, token)
        await put(transaction, identity)
        await addRevocations(transaction, revocations)
      }),
  } satisfies Partial<IdentityStore>
}

function revocationQueries(db: Kysely<Schema>) {
  return {
    async revocations() {
      return (await db.selectFrom('revocations').selectAll().orderBy('id').execute()).map(revocationOf)
    },

    addRevocations: (revocations) =>
      db.transaction().execute((transaction) => addRevocations(transaction, revocations)),

    async dropRevocations(endedBefore) {
      await db.deleteFrom('revocations').where('ends_at', '<', isoTime(endedBefore)).execute()
    },
  } satisfies Partial<IdentityStore>
}

/** One statement: whoever waits for the row looks at it again as it is then. */
async function useToken(
  transaction: Transaction<Schema>,
  { id, secretHash, now }: NonNullable<IdentityChange['token']>,
) {
  const used = await transaction
    .updateTable('enrolment_tokens')
    .set((row) => ({ uses_left: row('uses_left', '-', 1), last_used_at: isoTime(now) }))
    .where('token_id', '=', id)
    .where('secret_hash', '=', secretHash)
    .where('uses_left', '>', 0)
    .where('expires_at', '>', isoTime(now))
    .returning('id')
    .executeTakeFirst()
  if (!used) throw new TakenBack('spent')
}

async function put(transaction: Transaction<Schema>, identity: StoredIdentity) {
  const row = identityRow(identity)
  const written =
    identity.version === 0
      ? transaction
          .insertInto('identities')
          .values(row)
          .onConflict((known) => known.column('node_id').doNothing())
          .returning('id')
          .executeTakeFirst()
      : transaction
          .updateTable('identities')
          .set(row)
          .where('node_id', '=', identity.node)
          .where('version', '=', identity.version)
          .returning('id')
          .executeTakeFirst()
  if (!(await written)) throw new TakenBack('overtaken')
}

/** As a part of a transaction, in the order of their subjects: two that add the same ones never wait for each other. */
export async function addRevocations(
  transaction: Transaction<Schema>,
  revocations: readonly Revocation[],
): Promise<void> {
  for (const revocation of revocations.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))) {
    await transaction
      .insertInto('revocations')
      .values(revocationRow(revocation))
      .onConflict((known) => known.column('subject').doNothing())
      .execute()
  }
}

async function inOne(
  db: Kysely<Schema>,
  step: (transaction: Transaction<Schema>) => Promise<void>,
): Promise<'changed' | TakenBack['why']> {
  try {
    await db.transaction().execute(step)
    return 'changed'
  } catch (error) {
    if (error instanceof TakenBack) return error.why
    throw error
  }
}
