import type { Kysely, Transaction } from 'kysely'
import type { ImportEnd, KeptRow, KeptTable } from '#shared/protocol/registry-import.ts'
import { takeTurn } from '../dialect-words.ts'
import type { Schema } from '../schema.ts'
import type { ImportedRows, ImportStore } from '../store.ts'
import { isoTime } from '../tables/rows.ts'
import { importRecords, importRules } from './alert-queries.ts'
import { decideImport } from './decisions.ts'
import { importUsers } from './user-queries.ts'
import { type Importer, type ImportWish, timesOf } from './wish.ts'

/** Rows of one transaction: some milliseconds, since appends may have to wait for it. */
export const importedAtOnce = 250

const importers: { readonly [T in KeptTable]: Importer<T> } = {
  cluster_configs: importConfigs,
  service_configs: importServiceConfigs,
  alert_rules: importRules,
  alert_records: importRecords,
  cluster_users: importUsers,
  service_metrics: importMetrics,
}

/** Takes rows of a former registry into the tables that do not follow the journal, in the common subset of SQLite and PostgreSQL. */
export function importQueries(db: Kysely<Schema>): ImportStore {
  return {
    importRows<T extends KeptTable>({ table, rows, overwrite, dryRun, at }: ImportedRows<T>) {
      const importer: Importer<T> = importers[table]
      return db.transaction().execute(async (transaction) => {
        // What is read here decides what is written here.
        await takeTurn(transaction, 'tables')
        return await importer(transaction, { rows, overwrite, dryRun, now: isoTime(at) })
      })
    },
  }
}

async function importConfigs(
  transaction: Transaction<Schema>,
  { rows, overwrite, dryRun, now }: ImportWish<'cluster_configs'>,
): Promise<readonly ImportEnd[]> {
  const contentOf = (row: Pick<KeptRow<'cluster_configs'>, 'config_value' | 'config_type' | 'description'>) =>
    JSON.stringify([row.config_value, row.config_type, row.description])
  const present = await transaction
    .selectFrom('cluster_configs')
    .select(['config_key', 'config_value', 'config_type', 'description'])
    .where('config_key', 'in', [...rows.map((row) => row.config_key), ''])
    .execute()
  const known = new Map(present.map((row) => [row.config_key, contentOf(row as KeptRow<'cluster_configs'>)]))
  const { ends, added, changed } = decideImport(rows, { known, keyOf: (row) => row.config_key, contentOf, overwrite })
  if (dryRun) return ends
  if (added.length > 0) {
    await transaction
      .insertInto('cluster_configs')
      .values(added.map((row) => ({ ...row, ...timesOf(row, now) })))
      .execute()
  }
  for (const { config_key, config_value, config_type, description } of changed) {
    await transaction
      .updateTable('cluster_configs')
      .set({ config_value, config_type, description, updated_at: now })
      .where('config_key', '=', config_key)
      .execute()
  }
  return ends
}

async function importServiceConfigs(
  transaction: Transaction<Schema>,
  { rows, overwrite, dryRun, now }: ImportWish<'service_configs'>,
): Promise<readonly ImportEnd[]> {
  type Row = Pick<KeptRow<'service_configs'>, 'service_id' | 'config_key' | 'config_value'> & { config_type: string }
  const keyOf = (row: Row) => JSON.stringify([row.service_id, row.config_key])
  const contentOf = (row: Row) => JSON.stringify([row.config_value, row.config_type])
  const present = await transaction
    .selectFrom('service_configs')
    .select(['service_id', 'config_key', 'config_value', 'config_type'])
    .where('service_id', 'in', [...new Set(rows.map((row) => row.service_id)), ''])
    .where('config_key', 'in', [...new Set(rows.map((row) => row.config_key)), ''])
    .execute()
  const known = new Map(present.map((row) => [keyOf(row), contentOf(row)]))
  const { ends, added, changed } = decideImport(rows, { known, keyOf, contentOf, overwrite })
  if (dryRun) return ends
  if (added.length > 0) {
    await transaction
      .insertInto('service_configs')
      .values(added.map((row) => ({ ...row, ...timesOf(row, now) })))
      .execute()
  }
  for (const { service_id, config_key, config_value, config_type } of changed) {
    await transaction
      .updateTable('service_configs')
      .set({ config_value, config_type, updated_at: now })
      .where('service_id', '=', service_id)
      .where('config_key', '=', config_key)
      .execute()
  }
  return ends
}

/** Each value is a row of its own at its own time, and no node's: so it is known again. */
async function importMetrics(
  transaction: Transaction<Schema>,
  { rows, dryRun }: ImportWish<'service_metrics'>,
): Promise<readonly ImportEnd[]> {
  type Row = Pick<KeptRow<'service_metrics'>, 'service_id' | 'metric_name' | 'timestamp'>
  const contentOf = (row: Pick<KeptRow<'service_metrics'>, 'metric_value' | 'metric_unit' | 'tags'>) =>
    measuredText(row.metric_value, row.metric_unit, JSON.stringify(row.tags))
  const keyOf = (row: Row) => JSON.stringify([row.service_id, row.metric_name, row.timestamp])
  const present = await transaction
    .selectFrom('service_metrics')
    .select(['service_id', 'metric_name', 'timestamp', 'metric_value', 'metric_unit', 'tags'])
    .where('service_id', 'in', [...new Set(rows.map((row) => row.service_id)), ''])
    .where('node_id', '=', '')
    .where('metric_name', 'in', [...new Set(rows.map((row) => row.metric_name)), ''])
    .where('timestamp', 'in', [...new Set(rows.map((row) => row.timestamp)), ''])
    .execute()
  const known = new Map(present.map((row) => [keyOf(row), measuredText(row.metric_value, row.metric_unit, row.tags)]))
  const { ends, added } = decideImport(rows, { known, keyOf, contentOf, overwrite: false, staysBecause: measured })
  if (dryRun || added.length === 0) return ends
  await transaction
    .insertInto('service_metrics')
    .values(
      added.map(({ service_id, metric_name, metric_value, metric_unit, tags, timestamp }) => ({
        ...{ service_id, metric_name, metric_value, metric_unit, timestamp },
        tags: JSON.stringify(tags),
        node_id: '',
        metric_min: metric_value,
        metric_max: metric_value,
        metric_last: metric_value,
        samples: 1,
      })),
    )
    .execute()
  return ends
}

/** Tags are no part of what a value is known by: two of them cannot have values of one moment. */
const measured: ImportEnd = {
  outcome: 'kept',
  reason: 'another value of this moment is known, and what was measured first stays',
  remedy: 'Decide which value holds, and take the other out of the file.',
}

/** @param tags as they are stored */
function measuredText(value: number, unit: string, tags: string): string {
  return JSON.stringify([value, unit, tags])
}
