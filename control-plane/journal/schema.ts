import type { ColumnType, Generated } from 'kysely'

/** A boolean column. SQLite gives 0 and 1 back. */
export type Flag = ColumnType<boolean | number, boolean, boolean>

/** ISO 8601, UTC, with milliseconds: sorts as text. */
type Time = string

/** Where the order of all events comes from: one row, updated by every transaction that appends. */
export type JournalHead = { id: number; revision: number }

export type JournalRow = {
  revision: number
  /** Epoch milliseconds. */
  at: number
  by: string
  subject_kind: string
  subject_id: string
  /** Of the event's format. */
  version: number
  kind: string
  seen: number | null
  /** The change, JSON. */
  body: string
  /** Whose the subject was; null: nobody's. */
  tenant: string | null
}

/** A snapshot that is complete; its parts are written before it. */
export type SnapshotRow = { revision: number; at: number; version: number; parts: number }
export type SnapshotPartRow = { revision: number; part: number; body: string }
export type InstallationRow = { id: string; created_at: Time }
/** The revision up to which the tables are written. */
export type TableCursor = { id: number; revision: number }

/** Who leads: one row. Times are those of the database's clock, epoch milliseconds. */
export type LeadershipRow = { id: number; holder: string; run: string; epoch: number; expires: number }

/** A plane that shares the store. Times are those of the database's clock, epoch milliseconds. */
export type ReplicaRow = {
  run: string
  holder: string
  api: string
  key: string
  machine: string
  site: string
  version: string
  state: 'serving' | 'leaving'
  revision: number
  sessions: number
  started: number
  seen: number
}

export type ServiceRegistry = {
  id: Generated<number>
  service_id: string
  service_name: string
  service_type: string
  service_url: string
  node_id: string
  cluster_id: string
  capabilities: string
  config: string
  status: string
  health_status: string
  last_heartbeat: Time | null
  registered_at: Time
  updated_at: Time
  address: string
  port: number
  admission: string
  reason: string
  revision: number
}

export type ClusterNodes = {
  id: Generated<number>
  node_id: string
  node_name: string
  node_type: string
  host_address: string
  port: number | null
  status: string
  capabilities: string
  resources: string
  last_seen: Time | null
  created_at: Time
  updated_at: Time
  site: string
  cluster_id: string
  machine: string
  contact: string
  revision: number
}

export type ServiceMetrics = {
  id: Generated<number>
  service_id: string
  metric_name: string
  metric_value: number
  metric_unit: string
  tags: string
  timestamp: Time
  node_id: string
  metric_min: number
  metric_max: number
  metric_last: number
  samples: number
}

export type AlertRules = {
  id: Generated<number>
  rule_name: string
  service_type: string | null
  metric_name: string
  threshold_value: number
  comparison_operator: string
  severity: string
  enabled: Flag
  created_at: Time
  updated_at: Time
}

export type AlertRecords = {
  id: Generated<number>
  rule_id: number
  service_id: string
  alert_level: string
  message: string
  resolved: Flag
  resolved_at: Time | null
  created_at: Time
}

export type ClusterConfigs = {
  id: Generated<number>
  config_key: string
  config_value: string
  config_type: string
  description: string
  is_encrypted: Flag
  created_at: Time
  updated_at: Time
}

export type ServiceConfigs = {
  id: Generated<number>
  service_id: string
  config_key: string
  config_value: string
  config_type: string
  is_encrypted: Flag
  created_at: Time
  updated_at: Time
}

export type ClusterUsers = {
  id: Generated<number>
  user_id: string
  username: string
  email: string | null
  role: string
  permissions: string
  status: string
  last_login: Time | null
  created_at: Time
  updated_at: Time
  issuer: string | null
  subject: string | null
  enrolled_at: Time | null
}

export type UserSessions = {
  id: Generated<number>
  user_id: string
  session_token: string
  expires_at: Time
  created_at: Time
  session_id: string
  ends_at: Time
  last_seen_at: Time
  source: string
  signed_in_by: string
}

/** By each somebody signs in once. */
export type SignInLinks = {
  id: Generated<number>
  link_id: string
  user_id: string
  secret_hash: string
  author: string
  created_at: Time
  expires_at: Time
}

/** Who has gone to his provider to sign in. */
export type SignIns = { id: Generated<number>; state_hash: string; expires_at: Time }

/** What was handed over to be kept in step between nodes. */
export type SyncTasks = {
  id: Generated<number>
  task_id: string
  source_node: string
  target_nodes: string
  data_type: string
  data: string
  priority: number
  status: string
  error: string | null
  timestamp: Time
  bytes: number
  created_at: Time
  updated_at: Time
}

/** The versions of the routing declaration. */
export type RoutingVersions = {
  id: Generated<number>
  author: string
  comment: string
  source: string
  hash: string
  state: string
  why: string
  former: number | null
  restores: number | null
  created_at: Time
  ended_at: Time | null
  /** JSON */
  rollout: string
  /** JSON */
  files: string
}

/** How far the splits of services are. */
export type RoutingSplits = {
  id: Generated<number>
  service: string
  phase: string
  updated_at: Time
  /** JSON */
  state: string
}

/** Signed releases of agents. */
export type Releases = {
  id: Generated<number>
  version: string
  sha256: string
  bytes: number
  /** JSON */
  signed: string
  author: string
  created_at: Time
}

/** How far agents of a scope are on their way to a version. */
export type UpgradeRollouts = {
  id: Generated<number>
  rollout_id: number
  scope: string
  version: string
  phase: string
  updated_at: Time
  /** JSON */
  state: string
}

/** What signs certificates. */
export type Authorities = {
  id: Generated<number>
  authority_id: string
  certificate: string
  sealed_key: string
  secret_check: string
  state: string
  since: Time
  created_at: Time
  not_after: Time
}

export type EnrolmentTokens = {
  id: Generated<number>
  token_id: string
  secret_hash: string
  uses_left: number
  expires_at: Time
  /** JSON */
  scope: string
  author: string
  created_at: Time
  last_used_at: Time | null
}

/** Who the nodes are. */
export type Identities = {
  id: Generated<number>
  node_id: string
  state: string
  machine_id: string
  public_key: string
  former_key: string | null
  /** JSON */
  scope: string
  /** JSON */
  pending: string | null
  serial: string
  issued_at: Time
  not_after: Time
  enrolled_by: string
  version: number
}

export type Revocations = {
  id: Generated<number>
  subject: string
  kind: string
  node_id: string
  enrolment: number | null
  serial: string | null
  until: Time | null
  at: Time
  by: string
  why: string
  ends_at: Time
}

/** Tokens of the API. */
export type ApiTokens = {
  id: Generated<number>
  token_id: string
  kind: string
  name: string
  secret_hash: string
  role: string | null
  /** JSON */
  permissions: string
  tenant: string | null
  author: string
  created_at: Time
  expires_at: Time
  ended_at: Time | null
  last_used_at: Time | null
}

export type AccessTriesRow = {
  id: Generated<number>
  subject: string
  failures: number
  since: Time
  locked_until: Time | null
}

/** What was changed, by whom; numbered by `audit_head`, each row with the hash of it and of all before it. */
export type AuditRow = {
  id: number
  at: Time
  caller: string
  source: string
  operation: string
  subject: string
  was: string
  became: string
  why: string
  hash: string
}

/** Both ends of the audit's chain: one row, updated by every transaction that adds to it. */
export type AuditHead = { id: number; seq: number; hash: string; dropped_seq: number; dropped_hash: string }

/** Environments of users: what was allocated, and how far making or releasing it is. */
export type EnvironmentsRow = {
  id: Generated<number>
  environment_id: string
  /** Empty: nobody's. */
  tenant: string
  /** Of the caller's choice; within the tenant the same key is the same environment. */
  idempotency_key: string
  /** Hash of what was asked under it. */
  request_hash: string
  state: string
  username: string
  email: string | null
  /** Zervi's. */
  user_id: string | null
  /** How far each step is: JSON. */
  steps: string
  instance_id: string
  node_id: string
  site: string
  machine: string
  units: number
  /** JSON. */
  requirement: string
  author: string
  reason: string
  /** Why it is undone or failed; empty: it is not. */
  code: string
  why: string
  failures: number
  created_at: Time
  updated_at: Time
  /** When it is looked at next by whoever leads; null: nothing is to be done. */
  due_at: Time | null
  expires_at: Time | null
  version: number
}

export type Schema = {
  journal_head: JournalHead
  journal: JournalRow
  snapshots: SnapshotRow
  snapshot_parts: SnapshotPartRow
  installation: InstallationRow
  table_cursor: TableCursor
  service_registry: ServiceRegistry
  cluster_nodes: ClusterNodes
  service_metrics: ServiceMetrics
  alert_rules: AlertRules
  alert_records: AlertRecords
  cluster_configs: ClusterConfigs
  service_configs: ServiceConfigs
  cluster_users: ClusterUsers
  user_sessions: UserSessions
  sync_tasks: SyncTasks
  routing_versions: RoutingVersions
  routing_splits: RoutingSplits
  leadership: LeadershipRow
  replicas: ReplicaRow
  authorities: Authorities
  enrolment_tokens: EnrolmentTokens
  identities: Identities
  revocations: Revocations
  api_tokens: ApiTokens
  access_tries: AccessTriesRow
  sign_in_links: SignInLinks
  sign_ins: SignIns
  audit: AuditRow
  audit_head: AuditHead
  environments: EnvironmentsRow
  releases: Releases
  upgrade_rollouts: UpgradeRollouts
}
