import { type Kysely, sql } from 'kysely'
import type { Schema } from '../schema.ts'
import type { StoredMetric, TableStore } from '../store.ts'
import { Steps } from '../tables/metric-series.ts'
import type { Rollup } from '../tables/rollup.ts'
import { isoTime } from '../tables/rows.ts'

/** How minutes are read back. Every query goes along the table's unique index, so it touches what it answers and no more. */
export function rollupReader(db: Kysely<Schema>): Pick<TableStore, 'metricsOf' | 'readRollups'> {
  return {
    async metricsOf(service, limit) {
      const found: StoredMetric[] = []
      let last: StoredMetric | undefined
      // From one metric to the next by the index: a service has many minutes and few metrics.
      while (found.length < limit) {
        let query = db
          .selectFrom('service_metrics')
          .select(['node_id', 'metric_name'])
          .where('service_id', '=', service)
        if (last) query = query.where(sql<boolean>`(node_id, metric_name) > (${last.node}, ${last.name})`)
        const row = await query.orderBy('node_id').orderBy('metric_name').limit(1).executeTakeFirst()
        if (!row) break
        last = { node: row.node_id, name: row.metric_name }
        found.push(last)
      }
      return found
    },

    async readRollups({ service, node, name, from, to, stepMs, limit }) {
      const rows = await db
        .selectFrom('service_metrics')
        .select(['timestamp', 'metric_unit', 'metric_value', 'metric_min', 'metric_max', 'metric_last', 'samples'])
        .where('service_id', '=', service)
        .where('node_id', '=', node)
        .where('metric_name', '=', name)
        .where('timestamp', '>=', isoTime(from))
        .where('timestamp', '<', isoTime(to))
        .orderBy('timestamp')
        .limit(limit)
        .execute()
      const steps = new Steps(stepMs)
      for (const row of rows) {
        steps.add({
          at: Date.parse(row.timestamp),
          sum: row.metric_value * row.samples,
          min: row.metric_min,
          max: row.metric_max,
          last: row.metric_last,
          samples: row.samples,
        })
      }
      const last = rows.at(-1)
      return {
        unit: last?.metric_unit as Rollup['unit'] | undefined,
        buckets: steps.inOrder(),
        next: last && rows.length === limit ? Date.parse(last.timestamp) + 1 : undefined,
      }
    },
  }
}
