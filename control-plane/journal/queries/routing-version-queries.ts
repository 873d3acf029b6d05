import type { Kysely, Selectable, Transaction } from 'kysely'
import { takeTurn } from '../dialect-words.ts'
import type { StoredVersion } from '../routing-version.ts'
import type { RoutingVersions, Schema } from '../schema.ts'
import type { RoutingVersionStore } from '../store.ts'
import { isoTime } from '../tables/rows.ts'
import { underTerm } from './leadership-queries.ts'

const told = [
  'id',
  'author',
  'comment',
  'source',
  'hash',
  'state',
  'why',
  'former',
  'restores',
  'created_at',
  'ended_at',
  'rollout',
] as const

/** So many of the newest versions are kept; of older ones only what holds. */
export const mostVersions = 1_000

/** Keeps the versions of the routing declaration, in the common subset of SQLite and PostgreSQL. */
export function routingVersionQueries(db: Kysely<Schema>): RoutingVersionStore {
  return {
    addRoutingVersion(
      { author, comment, source, hash, state, why, former, restores, rollout, at, endedAt },
      files,
      term,
    ) {
      return underTerm(db, term, async (transaction) => {
        await takeTurn(transaction, 'routing_versions')
        const { id } = await transaction
          .insertInto('routing_versions')
          .values({
            author,
            comment,
            source,
            hash,
            state,
            why,
            former,
            restores,
            rollout,
            files,
            created_at: isoTime(at),
            ended_at: endedAt === null ? null : isoTime(endedAt),
          })
          .returning('id')
          .executeTakeFirstOrThrow()
        await forget(transaction, id - mostVersions)
        return id
      })
    },

    async changeRoutingVersions(changes, term) {
      await underTerm(db, term, async (transaction) => {
        for (const { number, state, why, rollout, endedAt } of changes) {
          await transaction
            .updateTable('routing_versions')
            .set({ state, why, rollout, ended_at: endedAt === null ? null : isoTime(endedAt) })
            .where('id', '=', number)
            .execute()
        }
      })
    },

    async routingVersions({ before, limit }) {
      let query = db.selectFrom('routing_versions').select(told).orderBy('id', 'desc').limit(limit)
      if (before !== undefined) query = query.where('id', '<', before)
      return (await query.execute()).map(versionOf)
    },

    async routingVersion(number) {
      const row = await db
        .selectFrom('routing_versions')
        .select([...told, 'files'])
        .where('id', '=', number)
        .executeTakeFirst()
      return row && { ...versionOf(row), files: row.files }
    },

    async newestRoutingVersion(about) {
      let query = db
        .selectFrom('routing_versions')
        .select([...told, 'files'])
        .orderBy('id', 'desc')
        .limit(1)
      if (about.state !== undefined) query = query.where('state', '=', about.state)
      if (about.source !== undefined) query = query.where('source', '=', about.source)
      if (about.hash !== undefined) query = query.where('hash', '=', about.hash)
      const row = await query.executeTakeFirst()
      return row && { ...versionOf(row), files: row.files }
    },
  }
}

/** Drops what is older than `upTo`, but never the version that holds. */
async function forget(transaction: Transaction<Schema>, upTo: number): Promise<void> {
  if (upTo <= 0) return
  const held = await transaction
    .selectFrom('routing_versions')
    .select('id')
    .where('state', '=', 'applied')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  await transaction
    .deleteFrom('routing_versions')
    .where('id', '<=', upTo)
    .where('id', '!=', held?.id ?? 0)
    .execute()
}

function versionOf(row: Pick<Selectable<RoutingVersions>, (typeof told)[number]>): StoredVersion {
  const { id, created_at, ended_at, source, state, ...rest } = row
  return {
    ...rest,
    number: id,
    source: source as StoredVersion['source'],
    state: state as StoredVersion['state'],
    at: Date.parse(created_at),
    endedAt: ended_at === null ? null : Date.parse(ended_at),
  }
}
