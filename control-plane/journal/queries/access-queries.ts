import type { Insertable, Kysely, Selectable, Transaction } from 'kysely'
import type { AccessStore, AccessTries, StoredApiToken } from '../../fleet/access.ts'
import { takeTurn } from '../dialect-words.ts'
import type { AccessTriesRow, ApiTokens, Schema } from '../schema.ts'
import { isoTime } from '../tables/rows.ts'
import { addAudit } from './audit-queries.ts'

/** Subjects that are counted at once: an attacker must not fill the store. */
const mostTries = 10_000
/** Nobody's tries count for longer. */
const forgottenAfterMs = 24 * 3_600_000

/** Who may do what, in the common subset of SQLite and PostgreSQL. */
export function accessQueries(db: Kysely<Schema>): AccessStore {
  return { ...apiTokenQueries(db), ...tryQueries(db) }
}

type TokenQueries = Omit<AccessStore, 'countTries' | 'lockedTries'>

function apiTokenQueries(db: Kysely<Schema>): TokenQueries {
  return {
    changeApiTokens: ({ add, end, audit }) =>
      db.transaction().execute(async (transaction) => {
        if (end && !(await endToken(transaction, end))) return false
        if (add) await transaction.insertInto('api_tokens').values(rowOf(add)).execute()
        await addAudit(transaction, audit)
        return true
      }),

    addFirstApiToken: (token, audit) =>
      db.transaction().execute(async (transaction) => {
        await takeTurn(transaction, 'api_tokens')
        const counting = await transaction
          .selectFrom('api_tokens')
          .selectAll()
          .where('kind', '!=', 'break-glass')
          .where('ended_at', 'is', null)
          .where('expires_at', '>', isoTime(token.createdAt))
          .execute()
        if (counting.map(tokenOf).some(({ permissions }) => permissions.includes('tokens:write'))) return false
        await transaction.insertInto('api_tokens').values(rowOf(token)).execute()
        await addAudit(transaction, audit)
        return true
      }),

    async apiToken(id) {
      const row = await db.selectFrom('api_tokens').selectAll().where('token_id', '=', id).executeTakeFirst()
      return row && tokenOf(row)
    },

    async apiTokens(limit) {
      const rows = await db.selectFrom('api_tokens').selectAll().orderBy('id', 'desc').limit(limit).execute()
      return rows.map(tokenOf)
    },

    async hasApiTokens() {
      const row = await db.selectFrom('api_tokens').select('id').where('kind', '=', 'token').limit(1).executeTakeFirst()
      return row !== undefined
    },

    async usedApiToken(id, at) {
      await db
        .updateTable('api_tokens')
        .set({ last_used_at: isoTime(at) })
        .where('token_id', '=', id)
        .where((row) => row.or([row('last_used_at', 'is', null), row('last_used_at', '<', isoTime(at))]))
        .execute()
    },

    async dropApiTokens(before) {
      const time = isoTime(before)
      // The newest stays: by it, it is known that callers are to have tokens.
      await db
        .deleteFrom('api_tokens')
        .where((row) => row.or([row('expires_at', '<', time), row('ended_at', '<', time)]))
        .where('id', 'not in', (query) =>
          query.selectFrom('api_tokens').select('id').where('kind', '=', 'token').orderBy('id', 'desc').limit(1),
        )
        .execute()
    },
  }
}

async function endToken(transaction: Transaction<Schema>, { id, at }: { readonly id: string; readonly at: number }) {
  const ended = await transaction
    .updateTable('api_tokens')
    .set({ ended_at: isoTime(at) })
    .where('token_id', '=', id)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  return ended !== undefined
}

function tryQueries(db: Kysely<Schema>): Pick<AccessStore, 'countTries' | 'lockedTries'> {
  return {
    countTries: (tries, now) =>
      db.transaction().execute(async (transaction) => {
        // One at a time, over all planes: two that count together would lose one.
        await takeTurn(transaction, 'access_tries')
        await transaction
          .deleteFrom('access_tries')
          .where('since', '<', isoTime(now - forgottenAfterMs))
          .execute()
        const locked: string[] = []
        for (const { subject, limits } of tries) {
          const known = await transaction
            .selectFrom('access_tries')
            .selectAll()
            .where('subject', '=', subject)
            .executeTakeFirst()
          const before = known && triesOf(known)
          const goes = before && before.since > now - limits.withinMs && before.lockedUntil === undefined
          const failures = goes ? before.failures + 1 : 1
          const isLocked = failures >= limits.failures
          // One that is locked is not asked for more, so it is not counted on.
          if (before?.lockedUntil !== undefined && before.lockedUntil > now) continue
          if (isLocked) locked.push(subject)
          const row = {
            subject,
            failures,
            since: isoTime(goes ? before.since : now),
            locked_until: isLocked ? isoTime(now + limits.lockMs) : null,
          }
          if (known) await transaction.updateTable('access_tries').set(row).where('id', '=', known.id).execute()
          else await transaction.insertInto('access_tries').values(row).execute()
        }
        await dropBeyond(transaction)
        return locked
      }),

    async lockedTries(now) {
      const rows = await db.selectFrom('access_tries').selectAll().where('locked_until', '>', isoTime(now)).execute()
      return rows.map(triesOf)
    },
  }
}

/** The oldest go first; of those that are locked none before the others. */
async function dropBeyond(transaction: Transaction<Schema>): Promise<void> {
  const { rows } = await transaction
    .selectFrom('access_tries')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  const beyond = Number(rows) - mostTries
  if (beyond <= 0) return
  await transaction
    .deleteFrom('access_tries')
    .where('id', 'in', (query) =>
      query.selectFrom('access_tries').select('id').where('locked_until', 'is', null).orderBy('since').limit(beyond),
    )
    .execute()
}

function rowOf(token: StoredApiToken): Insertable<ApiTokens> {
  const time = (at: number | undefined) => (at === undefined ? null : isoTime(at))
  return {
    token_id: token.id,
    kind: token.kind,
    name: token.name,
    secret_hash: token.secretHash,
    role: token.role ?? null,
    permissions: JSON.stringify(token.permissions),
    tenant: token.tenant ?? null,
    author: token.author,
    created_at: isoTime(token.createdAt),
    expires_at: isoTime(token.expiresAt),
    ended_at: time(token.endedAt),
    last_used_at: time(token.lastUsedAt),
  }
}

function tokenOf(row: Selectable<ApiTokens>): StoredApiToken {
  const time = (text: string | null) => (text === null ? undefined : Date.parse(text))
  return {
    id: row.token_id,
    kind: row.kind as StoredApiToken['kind'],
    name: row.name,
    secretHash: row.secret_hash,
    role: (row.role ?? undefined) as StoredApiToken['role'],
    permissions: JSON.parse(row.permissions),
    tenant: row.tenant ?? undefined,
    author: row.author,
    createdAt: Date.parse(row.created_at),
    expiresAt: Date.parse(row.expires_at),
    endedAt: time(row.ended_at),
    lastUsedAt: time(row.last_used_at),
  }
}

function triesOf(row: Selectable<AccessTriesRow>): AccessTries {
  return {
    subject: row.subject,
    failures: Number(row.failures),
    since: Date.parse(row.since),
    lockedUntil: row.locked_until === null ? undefined : Date.parse(row.locked_until),
  }
}
