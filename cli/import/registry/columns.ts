import type { ImportedTable } from '#shared/protocol/registry-import.ts'

/** How a column is read, and under which name it is sent. */
export type Column = {
  readonly read: 'text' | 'time' | 'flag' | 'json' | 'number' | 'any'
  /** Left out: its own. */
  readonly as?: string
}

/** What stands in a column that is not taken, and need not be listed as unknown. */
export type Table = {
  readonly columns: Readonly<Record<string, Column>>
  /** Judged or numbered anew here. */
  readonly anew: readonly string[]
  /** Handed on as they are: the plane reads them by the shapes in which clients register. */
  readonly shapes?: readonly string[]
  /** By what a row is called in the report; the first that it has. */
  readonly key: readonly (readonly string[])[]
}

const text: Column = { read: 'text' }
const time: Column = { read: 'time' }
const flag: Column = { read: 'flag' }
const json: Column = { read: 'json' }
const number: Column = { read: 'number' }
const any: Column = { read: 'any' }
const times = { created_at: time, updated_at: time }

/** What is read of each table. docs/import.md says the same to people. */
export const tables: Readonly<Record<ImportedTable, Table>> = {
  service_registry: {
    columns: { capabilities: json, config: json, metadata: json, tags: any, endpoints: any },
    // Health and times are judged anew.
    anew: [
      'status',
      'health',
      'health_status',
      'last_heartbeat',
      'last_check',
      'registered_at',
      'updated_at',
      'created_at',
      'admission',
      'reason',
      'revision',
      'origin',
      ...['Check', 'Checks', 'Weights', 'Datacenter', 'EnableTagOverride', 'success', 'notes'],
    ],
    shapes: [
      ...['service_id', 'instance_id', 'service_name', 'service_type', 'service_url', 'node_id', 'cluster_id'],
      ...['id', 'name', 'type', 'host', 'address', 'port', 'endpoint', 'version'],
      ...['Node', 'Address', 'Service', 'ID', 'Name', 'Tags', 'Port', 'Meta'],
    ],
    key: [
      ['service_id'],
      ['instance_id'],
      ['id'],
      ['ID'],
      ['service_name', 'node_id', 'port'],
      ['name', 'host', 'port'],
    ],
  },
  cluster_nodes: {
    columns: {
      ...{ node_id: text, node_name: text, node_type: text, host_address: text, port: any, status: text },
      ...{ name: text, type: text, address: text, host: text, cluster_id: text, site: text },
      ...{ capabilities: json, resources: json },
    },
    anew: ['id', 'last_seen', 'created_at', 'updated_at', ...['machine', 'contact', 'revision', 'managed_by']],
    key: [['node_id'], ['id']],
  },
  service_metrics: {
    columns: {
      ...{ service_id: text, metric_name: text, metric_value: number, metric_unit: text, tags: json, timestamp: time },
    },
    anew: ['id', 'node_id', 'metric_min', 'metric_max', 'metric_last', 'samples'],
    key: [['service_id', 'metric_name', 'timestamp'], ['id']],
  },
  alert_rules: {
    columns: {
      ...{ rule_name: text, service_type: text, metric_name: text, threshold_value: number },
      ...{ comparison_operator: text, severity: text, enabled: flag, ...times },
    },
    anew: ['id'],
    key: [['rule_name'], ['id']],
  },
  alert_records: {
    columns: {
      ...{ rule_name: text, service_id: text, alert_level: text, message: text, resolved: flag },
      ...{ resolved_at: time, created_at: time },
    },
    anew: ['id', 'rule_id'],
    key: [['id'], ['rule_id', 'service_id', 'created_at']],
  },
  cluster_configs: {
    columns: {
      ...{ config_key: text, config_value: text, config_type: text, description: text, is_encrypted: flag, ...times },
    },
    anew: ['id'],
    key: [['config_key'], ['id']],
  },
  service_configs: {
    columns: {
      ...{ service_id: text, config_key: text, config_value: text, config_type: text, is_encrypted: flag, ...times },
    },
    anew: ['id'],
    key: [['service_id', 'config_key'], ['id']],
  },
  cluster_users: {
    columns: { user_id: text, username: text, email: text, role: text, permissions: json, status: text, ...times },
    anew: ['id', 'last_login'],
    key: [['user_id'], ['username'], ['id']],
  },
}

/** Names of lists in answers of the registry's API, and in exports. */
export const aliases: Readonly<Record<string, ImportedTable>> = {
  services: 'service_registry',
  instances: 'service_registry',
  registry: 'service_registry',
  nodes: 'cluster_nodes',
  metrics: 'service_metrics',
  rules: 'alert_rules',
  alerts: 'alert_records',
  records: 'alert_records',
  configs: 'cluster_configs',
  configurations: 'cluster_configs',
  users: 'cluster_users',
}
