import {
  addressValue,
  balanceValue,
  durationValue,
  modeValue,
  type Normal,
  pathValue,
  portValue,
  textValue,
  urlValue,
  weightValue,
} from './normalise.ts'

/** What a key of a former file means: whose field, which one, and how its value is read. */
export type Meaning = {
  readonly of: 'installation' | 'node' | 'service'
  readonly field: string
  readonly read: (given: unknown) => Normal
}

const of = (owner: Meaning['of'], field: string, read: Meaning['read'], ...keys: readonly string[]) =>
  keys.map((key) => [key, { of: owner, field, read }] as const)

/**
 * Keys of former files, in all spellings that were seen; compared without case, dashes and underscores. Another spelling is another
 * word here.
 */
const installation = new Map(
  [
    ...of(
      'installation',
      'manager',
      urlValue,
      'cluster_manager_url',
      'manager_url',
      'cluster_manager',
      'control_plane_url',
    ),
    ...of('installation', 'heartbeat', durationValue, 'heartbeat_interval', 'heartbeat_period'),
    ...of(
      'installation',
      'lifetime',
      durationValue,
      'heartbeat_timeout',
      'heartbeat_lifetime',
      'heartbeat_ttl',
      'session_timeout',
      'ttl',
    ),
    ...of(
      'installation',
      'balance',
      balanceValue,
      'load_balancer',
      'load_balancing',
      'load_balance',
      'load_balance_strategy',
      'load_balance_algorithm',
      'load_balancing_strategy',
      'load_balancing_algorithm',
      'lb_strategy',
      'lb_policy',
      'balance',
      'balancing',
    ),
    ...of('installation', 'mode', modeValue, 'cluster_mode', 'mode', 'environment', 'env'),
  ].map(([key, meaning]) => [plainKey(key), meaning]),
)

const node = new Map(
  [
    ...of('node', 'node', textValue, 'node_id', 'node', 'id'),
    ...of('node', 'name', textValue, 'node_name', 'display_name', 'name', 'hostname'),
    ...of('node', 'site', textValue, 'site', 'region', 'location', 'zone', 'datacenter', 'dc', 'cloud'),
    ...of('node', 'cluster', textValue, 'cluster', 'cluster_id', 'cluster_name'),
    ...of(
      'node',
      'address',
      addressValue,
      'host',
      'host_address',
      'address',
      'ip',
      'node_address',
      'advertise_address',
    ),
    ...of('node', 'check_interval', durationValue, 'health_check_interval', 'check_interval'),
    ...of('node', 'check_timeout', durationValue, 'health_check_timeout', 'check_timeout'),
    ...of('service', 'service', textValue, 'service', 'service_name'),
    ...of('service', 'type', textValue, 'node_type', 'service_type', 'type', 'role'),
    ...of('service', 'port', portValue, 'port', 'service_port', 'node_port'),
    ...of('service', 'version', textValue, 'version'),
    ...of('service', 'weight', weightValue, 'weight'),
    ...of(
      'service',
      'check_path',
      pathValue,
      'health_check_path',
      'health_check_url',
      'health_path',
      'health_url',
      'health_endpoint',
    ),
  ].map(([key, meaning]) => [plainKey(key), meaning]),
)

const service = new Map(
  [
    ...of('service', 'service', textValue, 'name', 'service', 'service_name', 'id', 'service_id'),
    ...of('service', 'type', textValue, 'type', 'service_type', 'role'),
    ...of('service', 'port', portValue, 'port', 'service_port'),
    ...of('service', 'version', textValue, 'version'),
    ...of('service', 'weight', weightValue, 'weight'),
    ...of('service', 'balance', balanceValue, 'load_balancer', 'load_balancing', 'load_balance_strategy', 'balance'),
    ...of(
      'service',
      'check_path',
      pathValue,
      'health_check_path',
      'health_check',
      'health_path',
      'health_url',
      'health_endpoint',
      'health',
    ),
  ].map(([key, meaning]) => [plainKey(key), meaning]),
)

/** Parts of former files that hold settings of what they stand in. */
const wrappers = new Set(
  ['cluster', 'cluster_config', 'config', 'settings', 'health_check', 'health', 'heartbeat', 'manager'].map(plainKey),
)
const nodeParts = new Set(['node_config', 'node', 'this_node'].map(plainKey))
const serviceLists = new Set(['services', 'instances', 'applications', 'apps'].map(plainKey))
const nodeLists = new Set(['nodes', 'servers', 'hosts', 'members', 'node_list', 'inventory'].map(plainKey))
const siteLists = new Set(['sites', 'regions', 'locations', 'datacenters', 'zones'].map(plainKey))

export const keys = { installation, node, service } as const
export const parts = { wrappers, nodeParts, serviceLists, nodeLists, siteLists } as const

/** A key as it is compared. */
export function plainKey(key: string): string {
  return key.toLowerCase().replace(/[\s_.-]+/g, '')
}

/** Heads of columns of an inventory in Chinese. */
const chinese: Readonly<Record<string, string>> = {
  站点: 'site',
  地点: 'site',
  区域: 'site',
  机房: 'site',
  节点: 'node_id',
  节点编号: 'node_id',
  节点名称: 'node_name',
  名称: 'node_name',
  主机: 'host',
  地址: 'host',
  端口: 'port',
  服务: 'service_name',
  类型: 'type',
  集群: 'cluster',
  版本: 'version',
}

/** The meaning of a key of a node or of a column of an inventory. */
export function nodeMeaning(key: string): Meaning | undefined {
  const translated = Object.hasOwn(chinese, key.trim()) ? (chinese[key.trim()] ?? key) : key
  return node.get(plainKey(translated))
}
