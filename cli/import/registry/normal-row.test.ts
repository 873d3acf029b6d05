import t from 'tap'
import type { ImportedTable } from '#shared/protocol/registry-import.ts'
import { normalRow, type Reading, tableOf, unknownColumns } from './normal-row.ts'
import type { RawRow, RawValue } from './raw-row.ts'

const reading: Reading = { zoneMinutes: 480, rules: new Map([['3', 'slow']]) }

function raw(values: Readonly<Record<string, RawValue>>, table = ''): RawRow {
  return { kind: 'row', form: 'json', table, line: 7, values: new Map(Object.entries(values)) }
}

function bodyOf(table: ImportedTable, values: Readonly<Record<string, RawValue>>): unknown {
  const row = normalRow(table, raw(values), reading)
  return row.kind === 'row' ? row.body : row.reason
}

t.test('times are read as databases write them, in the zone that is told', async (t) => {
  for (const [text, iso] of [
    ['2026-03-01 10:00:00', '2026-03-01T02:00:00.000Z'],
    ['2026-03-01 10:00:00.123456+00', '2026-03-01T10:00:00.123Z'],
    ['2026-03-01 10:00:00+05:30', '2026-03-01T04:30:00.000Z'],
    ['2026-03-01T10:00:00Z', '2026-03-01T10:00:00.000Z'],
    ['2026-03-01', '2026-02-28T16:00:00.000Z'],
    [1_772_359_200, '2026-03-01T10:00:00.000Z'],
    ['1772359200000', '2026-03-01T10:00:00.000Z'],
    ['0000-00-00 00:00:00', undefined],
    [null, undefined],
  ] as const) {
    t.strictSame(
      bodyOf('alert_records', { resolved_at: text }),
      iso === undefined ? {} : { resolved_at: iso },
      String(text),
    )
  }
  for (const text of ['yesterday', '2026-02-30 10:00:00', '2026-13-01 10:00:00', '2026-03-01 25:00:00', '10:00:00']) {
    t.match(bodyOf('alert_records', { resolved_at: text }), /^resolved_at: expected a time/, text)
  }
  const utc = { ...raw({ resolved_at: '2026-03-01 10:00:00' }), utc: new Set(['resolved_at']) }
  t.match(normalRow('alert_records', utc, reading), { body: { resolved_at: '2026-03-01T10:00:00.000Z' } })
})

t.test('values take the form in which the plane reads them', async (t) => {
  for (const { table, values, body } of [
    {
      table: 'alert_rules',
      values: { enabled: 't', comparison_operator: '=', service_type: null, threshold_value: '80.50' },
      body: { enabled: true, comparison_operator: '==', service_type: null, threshold_value: 80.5 },
    },
    { table: 'alert_rules', values: { enabled: '\x01' }, body: { enabled: true } },
    { table: 'alert_rules', values: { enabled: 'perhaps' }, body: 'enabled: expected true or false' },
    { table: 'alert_rules', values: { threshold_value: 'NaN' }, body: 'threshold_value: expected a number' },
    { table: 'alert_records', values: { rule_id: 3, resolved: '0' }, body: { rule_name: 'slow', resolved: false } },
    { table: 'alert_records', values: { rule_id: '4' }, body: 'rule_id: the file has no such rule' },
    { table: 'service_metrics', values: { metric_name: 'cpu_usage' }, body: { metric_unit: 'percent' } },
    { table: 'service_metrics', values: { metric_name: 'x', metric_unit: 'B' }, body: { metric_unit: 'bytes' } },
    { table: 'service_metrics', values: { metric_name: 'x', metric_unit: 'furlong' }, body: /^metric_unit: / },
    {
      table: 'cluster_users',
      values: { status: 'active', permissions: '{data:read,"a, \\"b"}' },
      body: { status: 'inactive', permissions: ['data:read', 'a, "b'] },
    },
    {
      table: 'cluster_users',
      values: { status: 'suspended', permissions: '{}' },
      body: { status: 'suspended', permissions: [] },
    },
    { table: 'cluster_users', values: { permissions: 'a, b' }, body: { permissions: ['a', 'b'] } },
    { table: 'cluster_users', values: { permissions: '{"a": ' }, body: 'permissions: expected JSON' },
    {
      table: 'service_registry',
      values: {
        id: 4,
        service_id: 'a',
        service_url: 'http://a',
        config: '{"a": 1}',
        status: 'active',
        health: 'healthy',
      },
      body: { service_id: 'a', service_url: 'http://a', config: { a: 1 } },
    },
    {
      table: 'service_registry',
      values: { service_id: 'a', address: '10.0.0.1', port: 80 },
      body: { instance_id: 'a', address: '10.0.0.1', port: 80 },
    },
    { table: 'cluster_nodes', values: { id: 'n', capabilities: '' }, body: { node_id: 'n' } },
  ] as const) {
    t.match(bodyOf(table, values), body, `${table} ${JSON.stringify(values)}`)
  }
})

t.test('a secret never leaves the file', async (t) => {
  for (const [key, encrypted, secret] of [
    ['db', 1, true],
    ['db', 'perhaps', true],
    ['smtp.password', false, true],
    ['jwt_secret', false, true],
    ['openai.api_key', false, true],
    ['tokens', null, true],
    ['dbPassword', false, true],
    ['jwt_signing_key', false, true],
    ['tokens_per_minute', false, false],
    ['password_length', 'f', false],
  ] as const) {
    const values = { config_key: key, config_value: 's3cret', is_encrypted: encrypted }
    const row = normalRow('cluster_configs', raw(values), reading)
    t.equal(row.kind, secret ? 'refused' : 'row', key)
    if (secret) t.notMatch(JSON.stringify(row), /s3cret/)
  }
  const url = raw({ config_key: 'database_url', config_value: 'mysql://u:s3cret@h/db' })
  t.match(normalRow('cluster_configs', url, reading), { kind: 'refused', reason: /secret/ })
  const user = raw({ user_id: 'u', username: 'u', password_hash: '$2b$', salt: 'x' })
  t.notMatch(JSON.stringify(normalRow('cluster_users', user, reading)), /\$2b|salt/)
  t.strictSame(unknownColumns('cluster_users', user), ['password_hash', 'salt'])
})

t.test('rows say which table they are of by its name, or by what they have', async (t) => {
  for (const { row, table } of [
    { row: raw({}, 'SERVICE_REGISTRY'), table: 'service_registry' },
    { row: raw({}, 'nodes'), table: 'cluster_nodes' },
    { row: raw({}, 'user_sessions'), table: undefined },
    { row: raw({}, 'toString'), table: undefined },
    { row: raw({ service_name: 'a', node_id: 'n' }), table: 'service_registry' },
    { row: raw({ node_id: 'n', node_name: 'n' }, 'data'), table: 'cluster_nodes' },
    { row: raw({ service_id: 'n', metric_name: 'n' }, 'data'), table: 'service_metrics' },
    { row: raw({ name: 'a', port: 80 }), table: 'service_registry' },
    { row: raw({ other: 1 }), table: undefined },
  ]) {
    t.equal(tableOf(row), table, `${row.table} ${[...row.values.keys()]}`)
  }
})

t.test('tables of a database are only those of the very names', async (t) => {
  const customer = { user_id: 'c-1', username: 'c', service_name: 'a', service_id: 'a', node_id: 'n', port: 1 }
  for (const name of ['users', 'services', 'nodes', 'configs', 'items', 'data', '']) {
    t.equal(tableOf({ ...raw(customer, name), form: 'sql' }), undefined, name)
  }
  t.equal(tableOf({ ...raw(customer, 'Cluster_Users'), form: 'sql' }), 'cluster_users')
})

t.test('a word that every object has means nothing', async (t) => {
  t.equal(bodyOf('alert_rules', { enabled: 'constructor' }), 'enabled: expected true or false')
  t.match(bodyOf('alert_rules', { comparison_operator: 'toString' }), { comparison_operator: 'toString' })
  t.match(bodyOf('service_metrics', { metric_name: 'x', metric_unit: 'valueOf' }), /^metric_unit: /)
})
