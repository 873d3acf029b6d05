import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'

const configurations = [
  ['health_check_interval', '30s', 'How often the health of clients without an agent is judged.'],
  ['heartbeat_lifetime', '300s', 'How long a heartbeat of a client without an agent lasts.'],
  ['sweep_interval', '5m', 'How often silent clients without an agent are marked inactive.'],
  ['metric_retention', '7d', 'How long 1-minute metrics are kept.'],
  ['load_balancing', 'round_robin', 'How requests are spread over the instances of a service.'],
  ['log_level', 'info', 'What is logged, at least of this level.'],
] as const

const rules = [
  ['high_cpu', 'host_cpu_usage', '>', 80, 'warning'],
  ['high_memory', 'host_memory_usage', '>', 80, 'warning'],
  ['disk_nearly_full', 'host_disk_usage', '>', 90, 'critical'],
  ['high_error_rate', 'error_rate', '>', 5, 'critical'],
  ['high_latency', 'latency_p95', '>', 1000, 'warning'],
  ['heartbeat_late', 'heartbeat_age', '>', 300, 'critical'],
  ['frequent_restarts', 'restart_count', '>=', 3, 'warning'],
] as const

const users = [
  ['admin', ['*']],
  ['operator', ['cluster:manage', 'service:register', 'service:access']],
  ['viewer', ['service:access']],
] as const

/** What a new installation has. The users are inactive and have no password: someone must enrol them first. */
export async function up(db: Kysely<Schema>): Promise<void> {
  const now = new Date().toISOString()
  const times = { created_at: now, updated_at: now }
  await db
    .insertInto('cluster_configs')
    .values(
      configurations.map(([config_key, config_value, description]) => ({
        ...times,
        config_key,
        config_value,
        description,
        config_type: 'system',
        is_encrypted: false,
      })),
    )
    .execute()
  await db
    .insertInto('alert_rules')
    .values(
      rules.map(([rule_name, metric_name, comparison_operator, threshold_value, severity]) => ({
        ...times,
        rule_name,
        service_type: null,
        metric_name,
        comparison_operator,
        threshold_value,
        severity,
        enabled: true,
      })),
    )
    .execute()
  await db
    .insertInto('cluster_users')
    .values(
      users.map(([username, permissions]) => ({
        ...times,
        user_id: username,
        username,
        email: null,
        role: username,
        permissions: JSON.stringify(permissions),
        status: 'inactive',
        last_login: null,
      })),
    )
    .execute()
}

/** Removes only what is still as it was delivered. */
export async function down(db: Kysely<Schema>): Promise<void> {
  for (const [key, value] of configurations) {
    await db.deleteFrom('cluster_configs').where('config_key', '=', key).where('config_value', '=', value).execute()
  }
  for (const [name, , , threshold] of rules) {
    await db.deleteFrom('alert_rules').where('rule_name', '=', name).where('threshold_value', '=', threshold).execute()
  }
  for (const [name] of users) {
    await db.deleteFrom('cluster_users').where('user_id', '=', name).where('status', '=', 'inactive').execute()
  }
}
