import { type Kysely, sql } from 'kysely'
import type { StoredReplica } from '../../fleet/replica.ts'
import { databaseNow } from '../dialect-words.ts'
import type { Schema } from '../schema.ts'
import type { ReplicaStore } from '../store.ts'

/** Replicas that are remembered at most, those that are gone included. */
const mostReplicas = 100

/** The planes that share the store, in the common subset of SQLite and PostgreSQL. */
export function replicaQueries(db: Kysely<Schema>): ReplicaStore {
  const now = databaseNow(db)

  const replicas = async (): Promise<readonly StoredReplica[]> =>
    db
      .selectFrom('replicas')
      .select(['run', 'holder', 'api', 'key', 'machine', 'site', 'version', 'state', 'revision', 'sessions'])
      .select([sql<number>`${now} - seen`.as('agoMs'), sql<number>`${now} - started`.as('forMs')])
      .orderBy('started')
      .orderBy('run')
      .limit(mostReplicas)
      .execute()

  return {
    replicas,

    async beatReplica(replica, keptMs) {
      await db
        .insertInto('replicas')
        .values({ ...replica, started: now, seen: now })
        .onConflict((row) => row.column('run').doUpdateSet({ ...replica, seen: now }))
        .execute()
      const newest = db.selectFrom('replicas').select('run').orderBy('seen', 'desc').limit(mostReplicas)
      await db
        .deleteFrom('replicas')
        .where('run', '!=', replica.run)
        .where((row) =>
          row.or([row('seen', '<', sql<number>`${now} - ${sql.lit(keptMs)}`), row('run', 'not in', newest)]),
        )
        .execute()
      return replicas()
    },

    async dropReplica(run) {
      await db.deleteFrom('replicas').where('run', '=', run).execute()
    },
  }
}
