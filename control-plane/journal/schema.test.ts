import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import t, { type Test } from 'tap'
import { migrate } from './migrate.ts'
import type { Schema } from './schema.ts'
import { NodeSqliteDialect } from './sqlite/dialect.ts'

/** What reports and tools rely on. Columns may be added; none of these may be renamed or left out. */
const relied: Readonly<Record<string, string>> = {
  service_registry:
    'service_id service_name service_type service_url node_id cluster_id capabilities config status health_status last_heartbeat registered_at updated_at',
  cluster_nodes:
    'node_id node_name node_type host_address port status capabilities resources last_seen created_at updated_at',
  service_metrics: 'service_id metric_name metric_value metric_unit tags timestamp',
  alert_rules:
    'rule_name service_type metric_name threshold_value comparison_operator severity enabled created_at updated_at',
  alert_records: 'rule_id service_id alert_level message resolved resolved_at created_at',
  cluster_configs: 'config_key config_value config_type description is_encrypted created_at updated_at',
  service_configs: 'service_id config_key config_value config_type is_encrypted created_at updated_at',
  cluster_users:
    'user_id username email role permissions status last_login created_at updated_at issuer subject enrolled_at',
  user_sessions: 'user_id session_token expires_at created_at session_id ends_at last_seen_at source signed_in_by',

  sync_tasks: 'task_id source_node target_nodes data_type data priority status error timestamp created_at updated_at',
  routing_versions: 'author comment source hash state why former restores created_at ended_at rollout files',
  routing_splits: 'service phase updated_at state',
  authorities: 'authority_id certificate sealed_key secret_check state since created_at not_after',
  enrolment_tokens: 'token_id secret_hash uses_left expires_at scope author created_at last_used_at',
  identities:
    'node_id state machine_id public_key former_key scope pending serial issued_at not_after enrolled_by version',
  revocations: 'subject kind node_id enrolment serial until at by why ends_at',
  api_tokens:
    'token_id kind name secret_hash role permissions tenant author created_at expires_at ended_at last_used_at',
  access_tries: 'subject failures since locked_until',
  sign_in_links: 'link_id user_id secret_hash author created_at expires_at',
  sign_ins: 'state_hash expires_at',
  audit: 'at caller source operation subject was became why hash',
  environments:
    'environment_id tenant idempotency_key request_hash state username email user_id steps instance_id node_id site machine units requirement author reason code why failures created_at updated_at due_at expires_at version',
  releases: 'version sha256 bytes signed author created_at',
  upgrade_rollouts: 'rollout_id scope version phase updated_at state',
}

const uniques: Readonly<Record<string, readonly string[]>> = {
  service_registry: ['service_id'],
  cluster_nodes: ['node_id'],
  service_metrics: ['service_id,node_id,metric_name,timestamp'],
  alert_rules: ['rule_name'],
  alert_records: [],
  cluster_configs: ['config_key'],
  service_configs: ['service_id,config_key'],
  cluster_users: ['user_id', 'username', 'email', 'issuer,subject'],
  user_sessions: ['session_token', 'session_id'],
  sync_tasks: ['task_id'],
  routing_versions: [],
  routing_splits: ['service'],
  authorities: ['authority_id'],
  enrolment_tokens: ['token_id'],
  identities: ['node_id'],
  revocations: ['subject'],
  api_tokens: ['token_id'],
  access_tries: ['subject'],
  sign_in_links: ['link_id'],
  sign_ins: ['state_hash'],
  audit: [],
  environments: ['environment_id', 'tenant,idempotency_key'],
  releases: ['version'],
  upgrade_rollouts: ['rollout_id'],
}

async function migrated(t: Test): Promise<DatabaseSync> {
  const database = new DatabaseSync(':memory:')
  t.teardown(() => database.close())
  await migrate(new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) }))
  return database
}

function names(database: DatabaseSync, pragma: string): readonly string[] {
  return database
    .prepare(`select name from ${pragma}`)
    .all()
    .map(({ name }) => String(name))
}

t.test('the nine tables have the columns that are relied on, and each has an id', async (t) => {
  const database = await migrated(t)
  for (const [table, columns] of Object.entries(relied)) {
    const has = new Set(names(database, `pragma_table_info('${table}')`))
    t.strictSame(
      ['id', ...columns.split(' ')].filter((column) => !has.has(column)),
      [],
      table,
    )
  }
})

t.test('what must be unique is', async (t) => {
  const database = await migrated(t)
  for (const [table, expected] of Object.entries(uniques)) {
    const indexes = names(database, `pragma_index_list('${table}') where "unique" = 1`)
    const found = indexes.map((index) => names(database, `pragma_index_info('${index}')`).join(','))
    t.strictSame(found.toSorted(), expected.toSorted(), table)
  }
})

t.test('docs/tables.md describes each table and column as it is', async (t) => {
  const database = await migrated(t)
  const page = await readFile(new URL('../../docs/tables.md', import.meta.url), 'utf8')
  const described = new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section) => [
        section.slice(0, section.indexOf('\n')),
        [...section.matchAll(/^\| (\w+) \|/gm)].map(([, column]) => column).slice(1),
      ]),
  )
  t.strictSame([...described.keys()], Object.keys(relied))
  for (const [table, columns] of described)
    t.strictSame(columns, names(database, `pragma_table_info('${table}')`), table)
})
