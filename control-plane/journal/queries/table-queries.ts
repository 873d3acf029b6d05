import { type Kysely, sql } from 'kysely'
import { takeTurn } from '../dialect-words.ts'
import type { Schema } from '../schema.ts'
import type { Beat, TableStore } from '../store.ts'
import { isoTime } from '../tables/rows.ts'
import { underTerm } from './leadership-queries.ts'
import { rollupReader } from './read-rollups.ts'

/** The tables' side of a store, in the common subset of SQLite and PostgreSQL. */
export function tableQueries(db: Kysely<Schema>): TableStore {
  return {
    ...rollupReader(db),

    async tableCursor() {
      const { revision } = await db.selectFrom('table_cursor').select('revision').executeTakeFirstOrThrow()
      return revision
    },

    async writeTables({ services, nodes, goneServices, goneNodes, cursor }, term) {
      await underTerm(db, term, async (transaction) => {
        // Other planes save beats, and whoever has rows in another order would wait for us as we for them.
        await takeTurn(transaction, 'tables')
        if (services.length > 0) {
          await transaction
            .insertInto('service_registry')
            .values(services.map((row) => ({ ...row, last_heartbeat: row.registered_at })))
            .onConflict((conflict) =>
              conflict.column('service_id').doUpdateSet((row) => ({
                service_name: row.ref('excluded.service_name'),
                service_type: row.ref('excluded.service_type'),
                service_url: row.ref('excluded.service_url'),
                node_id: row.ref('excluded.node_id'),
                cluster_id: row.ref('excluded.cluster_id'),
                capabilities: row.ref('excluded.capabilities'),
                config: row.ref('excluded.config'),
                status: row.ref('excluded.status'),
                health_status: row.ref('excluded.health_status'),
                registered_at: row.ref('excluded.registered_at'),
                updated_at: row.ref('excluded.updated_at'),
                address: row.ref('excluded.address'),
                port: row.ref('excluded.port'),
                admission: row.ref('excluded.admission'),
                reason: row.ref('excluded.reason'),
                revision: row.ref('excluded.revision'),
              })),
            )
            .execute()
        }
        if (nodes.length > 0) {
          await transaction
            .insertInto('cluster_nodes')
            .values(nodes.map((row) => ({ ...row, last_seen: row.created_at })))
            .onConflict((conflict) =>
              conflict.column('node_id').doUpdateSet((row) => ({
                node_name: row.ref('excluded.node_name'),
                node_type: row.ref('excluded.node_type'),
                host_address: row.ref('excluded.host_address'),
                status: row.ref('excluded.status'),
                capabilities: row.ref('excluded.capabilities'),
                created_at: row.ref('excluded.created_at'),
                updated_at: row.ref('excluded.updated_at'),
                site: row.ref('excluded.site'),
                cluster_id: row.ref('excluded.cluster_id'),
                machine: row.ref('excluded.machine'),
                contact: row.ref('excluded.contact'),
                revision: row.ref('excluded.revision'),
              })),
            )
            .execute()
        }
        if (goneServices.length > 0)
          await transaction.deleteFrom('service_registry').where('service_id', 'in', goneServices).execute()
        if (goneNodes.length > 0)
          await transaction.deleteFrom('cluster_nodes').where('node_id', 'in', goneNodes).execute()
        if (cursor !== undefined) await transaction.updateTable('table_cursor').set({ revision: cursor }).execute()
      })
    },

    async serviceIds(after, limit) {
      const rows = await db
        .selectFrom('service_registry')
        .where('service_id', '>', after)
        .orderBy('service_id')
        .limit(limit)
        .select('service_id')
        .execute()
      return rows.map((row) => row.service_id)
    },

    async serviceBeats(after, limit) {
      const rows = await db
        .selectFrom('service_registry')
        .where('service_id', '>', after)
        .orderBy('service_id')
        .limit(limit)
        .select(['service_id', 'last_heartbeat'])
        .execute()
      return rows.map((row) => [row.service_id, row.last_heartbeat === null ? 0 : Date.parse(row.last_heartbeat)])
    },

    async nodeIds(after, limit) {
      const rows = await db
        .selectFrom('cluster_nodes')
        .where('node_id', '>', after)
        .orderBy('node_id')
        .limit(limit)
        .select('node_id')
        .execute()
      return rows.map((row) => row.node_id)
    },

    async saveBeats(services, nodes) {
      await db.transaction().execute(async (transaction) => {
        await takeTurn(transaction, 'tables')
        if (services.length > 0) {
          await sql`with beat (id, heard) as (values ${beatValues(services)})
          update service_registry set last_heartbeat = beat.heard from beat
          where service_registry.service_id = beat.id and (last_heartbeat is null or last_heartbeat < beat.heard)`.execute(
            transaction,
          )
        }
        if (nodes.length > 0) {
          await sql`with beat (id, heard) as (values ${beatValues(nodes)})
          update cluster_nodes set last_seen = beat.heard from beat
          where cluster_nodes.node_id = beat.id and (last_seen is null or last_seen < beat.heard)`.execute(transaction)
        }
      })
    },

    async saveRollups(rollups) {
      if (rollups.length === 0) return
      await db.transaction().execute(async (transaction) => {
        await takeTurn(transaction, 'tables')
        await transaction
          .insertInto('service_metrics')
          .values(
            rollups.map(({ service, node, name, unit, minute, sum, min, max, last, samples, tags = '{}' }) => ({
              service_id: service,
              node_id: node,
              metric_name: name,
              metric_value: storableNumber(sum / samples),
              metric_unit: unit,
              tags,
              timestamp: isoTime(minute),
              metric_min: storableNumber(min),
              metric_max: storableNumber(max),
              metric_last: storableNumber(last),
              samples,
            })),
          )
          .onConflict((conflict) =>
            conflict.columns(['service_id', 'node_id', 'metric_name', 'timestamp']).doUpdateSet({
              // A minute may come in two pieces, one before and one after a restart.
              metric_value: sql<number>`(service_metrics.metric_value * service_metrics.samples + excluded.metric_value * excluded.samples) / (service_metrics.samples + excluded.samples)`,
              metric_min: sql<number>`case when excluded.metric_min < service_metrics.metric_min then excluded.metric_min else service_metrics.metric_min end`,
              metric_max: sql<number>`case when excluded.metric_max > service_metrics.metric_max then excluded.metric_max else service_metrics.metric_max end`,
              metric_last: sql<number>`excluded.metric_last`,
              tags: sql<string>`excluded.tags`,
              samples: sql<number>`service_metrics.samples + excluded.samples`,
            }),
          )
          .execute()
      })
    },

    async dropRollups(before, most, limit) {
      const newest = await db
        .selectFrom('service_metrics')
        .select('id')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst()
      if (!newest) return 0
      const { numDeletedRows } = await db
        .deleteFrom('service_metrics')
        .where('id', 'in', (query) =>
          query
            // The oldest come first by id; looking at these alone spares a walk over millions.
            .selectFrom(
              db.selectFrom('service_metrics').select(['id', 'timestamp']).orderBy('id').limit(limit).as('oldest'),
            )
            .where((row) => row.or([row('timestamp', '<', isoTime(before)), row('id', '<=', newest.id - most)]))
            .select('id'),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

/** PostgreSQL refuses to calculate what becomes too great or too small for it, so values keep a distance. */
function storableNumber(value: number): number {
  if (Math.abs(value) < 1e-290) return 0
  return Math.min(Math.max(value, -1e290), 1e290)
}

/** Rows of id and time. PostgreSQL must be told what they are. */
function beatValues(beats: readonly Beat[]) {
  return sql.join(beats.map(([id, at]) => sql`(cast(${id} as text), cast(${isoTime(at)} as text))`))
}
