import type { ColumnDefinitionBuilder, CreateTableBuilder, Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import { columnTypes } from './column-types.ts'

const required = (column: ColumnDefinitionBuilder) => column.notNull()
const unique = (column: ColumnDefinitionBuilder) => column.notNull().unique()

/** The nine tables that reports and tools read, and how far they are written. docs/tables.md describes each column. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const { number, numbered, text } = columnTypes(db)
  const table = (name: keyof Schema) => db.schema.createTable(name).addColumn('id', number, numbered)

  await table('service_registry')
    .addColumn('service_id', text, unique)
    .addColumn('service_name', text, required)
    .addColumn('service_type', text, required)
    .addColumn('service_url', text, required)
    .addColumn('node_id', text, required)
    .addColumn('cluster_id', text, required)
    .addColumn('capabilities', text, required)
    .addColumn('config', text, required)
    .addColumn('status', text, required)
    .addColumn('health_status', text, required)
    .addColumn('last_heartbeat', text)
    .addColumn('registered_at', text, required)
    .addColumn('updated_at', text, required)
    .addColumn('address', text, required)
    .addColumn('port', 'integer', required)
    .addColumn('admission', text, required)
    .addColumn('reason', text, required)
    .addColumn('revision', 'bigint', required)
    .execute()
  await table('cluster_nodes')
    .addColumn('node_id', text, unique)
    .addColumn('node_name', text, required)
    .addColumn('node_type', text, required)
    .addColumn('host_address', text, required)
    .addColumn('port', 'integer')
    .addColumn('status', text, required)
    .addColumn('capabilities', text, required)
    .addColumn('resources', text, required)
    .addColumn('last_seen', text)
    .addColumn('created_at', text, required)
    .addColumn('updated_at', text, required)
    .addColumn('site', text, required)
    .addColumn('cluster_id', text, required)
    .addColumn('machine', text, required)
    .addColumn('contact', text, required)
    .addColumn('revision', 'bigint', required)
    .execute()
  await table('service_metrics')
    .addColumn('service_id', text, required)
    .addColumn('metric_name', text, required)
    .addColumn('metric_value', 'double precision', required)
    .addColumn('metric_unit', text, required)
    .addColumn('tags', text, required)
    .addColumn('timestamp', text, required)
    .addColumn('node_id', text, required)
    .addColumn('metric_min', 'double precision', required)
    .addColumn('metric_max', 'double precision', required)
    .addColumn('metric_last', 'double precision', required)
    .addColumn('samples', 'integer', required)
    .addUniqueConstraint('service_metrics_minute', ['service_id', 'node_id', 'metric_name', 'timestamp'])
    .execute()
  await table('alert_rules')
    .addColumn('rule_name', text, unique)
    .addColumn('service_type', text)
    .addColumn('metric_name', text, required)
    .addColumn('threshold_value', 'double precision', required)
    .addColumn('comparison_operator', text, required)
    .addColumn('severity', text, required)
    .addColumn('enabled', 'boolean', required)
    .$call((table) => createdAndUpdated(table, text))
    .execute()
  await table('alert_records')
    .addColumn('rule_id', 'bigint', required)
    .addColumn('service_id', text, required)
    .addColumn('alert_level', text, required)
    .addColumn('message', text, required)
    .addColumn('resolved', 'boolean', required)
    .addColumn('resolved_at', text)
    .addColumn('created_at', text, required)
    .execute()
  await table('cluster_configs')
    .addColumn('config_key', text, unique)
    .addColumn('config_value', text, required)
    .addColumn('config_type', text, required)
    .addColumn('description', text, required)
    .addColumn('is_encrypted', 'boolean', required)
    .$call((table) => createdAndUpdated(table, text))
    .execute()
  await table('service_configs')
    .addColumn('service_id', text, required)
    .addColumn('config_key', text, required)
    .addColumn('config_value', text, required)
    .addColumn('config_type', text, required)
    .addColumn('is_encrypted', 'boolean', required)
    .$call((table) => createdAndUpdated(table, text))
    .addUniqueConstraint('service_configs_key', ['service_id', 'config_key'])
    .execute()
  await table('cluster_users')
    .addColumn('user_id', text, unique)
    .addColumn('username', text, unique)
    .addColumn('email', text, (column) => column.unique())
    .addColumn('role', text, required)
    .addColumn('permissions', text, required)
    .addColumn('status', text, required)
    .addColumn('last_login', text)
    .$call((table) => createdAndUpdated(table, text))
    .execute()
  await table('user_sessions')
    .addColumn('user_id', text, required)
    .addColumn('session_token', text, unique)
    .addColumn('expires_at', text, required)
    .addColumn('created_at', text, required)
    .execute()

  await db.schema
    .createTable('table_cursor')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('revision', 'bigint', required)
    .execute()
  await db.insertInto('table_cursor').values({ id: 1, revision: 0 }).execute()
}

export async function down(db: Kysely<Schema>): Promise<void> {
  for (const table of [
    'table_cursor',
    'user_sessions',
    'cluster_users',
    'service_configs',
    'cluster_configs',
    'alert_records',
    'alert_rules',
    'service_metrics',
    'cluster_nodes',
    'service_registry',
  ]) {
    await db.schema.dropTable(table).execute()
  }
}

function createdAndUpdated<Name extends string, Columns extends string>(
  table: CreateTableBuilder<Name, Columns>,
  text: ReturnType<typeof columnTypes>['text'],
) {
  return table.addColumn('created_at', text, required).addColumn('updated_at', text, required)
}
