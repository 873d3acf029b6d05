import { readFile } from 'node:fs/promises'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { mysqlDump } from '#test/support/former-registry.ts'
import { importInto, listed, put, type Row, stored } from '#test/support/import-into.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(120_000)

await t.test('a dump of MySQL', async (t) => {
  await using plane = await RunningPlane.start()
  await using folder = await temporaryFolder('former')
  const file = await put(folder, 'registry.sql', mysqlDump())
  const revision = async () => (await plane.get<{ revision: number }>('/cluster/status')).revision

  const wanted = {
    cluster_nodes: [2, 2, 0, 0, 0],
    service_registry: [4, 2, 1, 0, 1],
    service_metrics: [3, 2, 0, 0, 1],
    alert_rules: [2, 1, 0, 1, 0],
    alert_records: [2, 1, 0, 0, 1],
    cluster_configs: [4, 1, 0, 1, 2],
    service_configs: [1, 1, 0, 0, 0],
    cluster_users: [2, 1, 0, 1, 0],
    user_sessions: [1, 0, 0, 0, 0],
    crm_customers: [1, 0, 0, 0, 0],
  }

  await t.test('is shown before anything is changed', async (t) => {
    const before = await revision()
    const { code, figures, report } = await importInto(t, plane, file, '--dry-run')
    t.equal(code, 1)
    t.strictSame(figures, wanted)
    t.equal(report.dry_run, true)
    t.equal(await revision(), before)
    t.equal(stored(plane, "select * from alert_rules where rule_name = 'queue_long'").length, 0)
  })

  await t.test('is taken, each row as what it is here, and nothing of it is routable', async (t) => {
    const notes = `${folder.path}/refused.jsonl`
    const { code, figures, report, out } = await importInto(t, plane, file, '--report', notes)
    t.equal(code, 1)
    t.strictSame(figures, wanted)
    const services = await listed(plane)
    t.match(services, [
      { service_id: 'zervi-auth-1', address: '10.0.0.1', port: 8207, status: 'registered', health_status: 'unknown' },
      {
        ...{ service_id: 'zervi-basic-1', service_name: 'basic-server', node_id: 'zervi-node-1', port: 8080 },
        ...{ status: 'registered', health_status: 'unknown', capabilities: ['auth', '用户'], config: { 说明: "it's" } },
      },
    ])
    t.equal(services.length, 2)
    const { nodes } = await plane.get<{ nodes: readonly Row[] }>('/cluster/nodes')
    t.match(nodes, [
      {
        node_id: 'zervi-node-1',
        node_name: '阿里云一号',
        node_type: 'management',
        host_address: '10.0.0.1',
        last_seen: null,
      },
      { node_id: 'zervi-node-2', status: 'maintenance' },
    ])
    t.match(stored(plane, "select * from cluster_users where user_id = 'u-7'"), [
      { username: '王芳', role: 'operator', status: 'inactive', last_login: null, permissions: '["data:read"]' },
    ])
    t.match(stored(plane, "select * from alert_rules where rule_name = 'queue_long'"), [
      { threshold_value: 100.5, comparison_operator: '>=', enabled: 0, service_type: null },
    ])
    const records = 'select message, rule_name, resolved from alert_records r join alert_rules a on a.id = r.rule_id'
    t.strictSame(stored(plane, records), [{ message: 'queue\nat 120', rule_name: 'queue_long', resolved: 1 }])
    t.match(stored(plane, "select * from cluster_configs where config_key = 'looma.greeting'"), [
      { config_value: '你好 "World" \\ ; --', config_type: 'user' },
    ])
    const { metrics } = await plane.get<{ metrics: readonly Row[] }>('/cluster/metrics/zervi-basic-1?step=60s')
    t.match(metrics, [{ metric_name: 'cpu_usage', metric_unit: 'percent', points: [{ value: 12.5 }] }])

    t.match(report.not_taken, [{ file, table: 'alert_rules', key: 'high_cpu', outcome: 'kept', remedy: /--overwrite/ }])
    const told = new Map(report.not_taken.map((row) => [`${row.table} ${row.key}`, row]))
    t.match(told.get('cluster_configs looma.db_password'), { outcome: 'refused', reason: /secret/ })
    t.match(told.get('cluster_configs looma.encrypted'), { outcome: 'refused', reason: /secret/ })
    t.match(told.get('service_registry phantom'), { outcome: 'refused', reason: /service_url: / })
    t.match(told.get('cluster_users u-1'), { outcome: 'kept', reason: /username/ })
    const tables = new Map(report.tables.map((each) => [each.table, each]))
    t.match(tables.get('cluster_users')?.unknown_columns, { password_hash: 2 })
    t.match(tables.get('user_sessions'), { left_out: /never/ })
    t.match(tables.get('crm_customers'), { left_out: /none of the nine/ })
    const lines = await readFile(notes, 'utf8')
    t.equal(lines.trim().split('\n').length, report.not_taken.length)
    for (const secret of ['s3cret', 'enc:9f8e', '$2b$12$', 'tok-1']) {
      t.notOk(
        [out, lines, plane.output].some((text) => text.includes(secret)),
        `${secret} is told nowhere`,
      )
    }
    t.equal(stored(plane, "select * from cluster_configs where config_value like '%s3cret%'").length, 0)
  })

  await t.test('is there already when it is imported again', async (t) => {
    const before = await revision()
    const { figures } = await importInto(t, plane, file)
    for (const [table, [, taken]] of Object.entries(figures)) t.equal(taken, 0, table)
    t.equal(await revision(), before)
  })

  await t.test('overwrites what was changed since only if it is told to', async (t) => {
    const body = JSON.stringify({
      ...{ service_id: 'zervi-basic-1', service_name: 'basic-server', service_url: 'http://10.0.0.1:8080' },
      ...{ node_id: 'zervi-node-1', config: { since: 'then' } },
    })
    await fetch(`${plane.url}/cluster/register`, { method: 'POST', body })
    const config = async () => (await listed(plane))[1]?.config
    t.match((await importInto(t, plane, file)).figures.service_registry, [4, 0, 2, 1, 1])
    t.strictSame(await config(), { since: 'then' })
    t.match((await importInto(t, plane, file, '--overwrite')).figures, {
      service_registry: [4, 1, 2, 0, 1],
      cluster_configs: [4, 1, 1, 0, 2],
      alert_rules: [2, 1, 1, 0, 0],
      cluster_users: [2, 0, 1, 1, 0],
    })
    t.strictSame(await config(), { 说明: "it's" })
  })

  await t.test('shows people what was not taken, and what to do', async (t) => {
    const { code, out } = await plane.heddle('import', 'registry', file)
    t.equal(code, 1)
    t.match(out, /TABLE +READ +TAKEN +THERE +KEPT +REFUSED\n/)
    t.match(out, /cluster_users: columns that are not read: password_hash \(2 rows\)/)
    t.match(out, /registry\.sql:\d+ service_registry phantom: refused: .*\n {6}Correct the row/)
    t.match(out, /\nTaken 0; \d+ already there, \d+ not taken\.\n$/)
  })

  await t.test('changes nothing where it ends before its end, or cannot be read', async (t) => {
    const before = await revision()
    const { code, err } = await plane.heddle(
      'import',
      'registry',
      await put(folder, 'cut.sql', mysqlDump().split("'phantom'", 1)[0] ?? ''),
    )
    t.equal(code, 1)
    t.match(err, /has no end/)
    for (const [name, bytes, says] of [
      ['custom', 'PGDMP\x01\x0e', /custom format.*\n.*pg_restore/s],
      ['gz', '\x1f\x8b\x08', /gzip/],
      ['utf16', '\xff\xfeI\0N\0', /UTF-16/],
      ['none', '', /empty/],
      ['text', 'hello', /\d/],
    ] as const) {
      const other = await plane.heddle('import', 'registry', await put(folder, name, Buffer.from(bytes, 'latin1')))
      t.match(other.err || other.out, name === 'text' ? /no end|no rows/ : says)
    }
    t.equal(await revision(), before)
  })
})

await t.test("an answer of the former registry's API", async (t) => {
  await using plane = await RunningPlane.start()
  await using folder = await temporaryFolder('former')
  const answer = {
    success: true,
    total: 5,
    services: [
      {
        ...{ service_name: 'zervi-backend', service_type: 'auth', instance_id: 'zervi-backend-001' },
        ...{
          node_id: 'alibaba-cloud',
          address: '10.1.0.5',
          port: 8080,
          metadata: { version: '1.0' },
          status: 'active',
        },
      },
      {
        name: 'looma-ai',
        type: 'ai-service',
        host: '10.0.0.7',
        port: '8206',
        endpoints: ['/chat'],
        tags: ['looma,ai'],
      },
      { id: 'resume-1', name: 'resume-service', endpoint: 'http://10.0.0.9:8082', health: { status: 'healthy' } },
      { service_id: 'local-1', service_name: 'crm', service_url: 'http://localhost:7500', node_id: 'alibaba-cloud' },
      { service_id: 'bad', service_name: 'crm', service_url: 'http://10.0.0.1:99999' },
    ],
    cluster_nodes: [{ node_id: 'alibaba-cloud', host_address: '10.1.0.5', node_type: 'worker' }],
  }
  const text = JSON.stringify(answer, null, 2)
  const file = await put(folder, 'answer.json', text)
  const line = text.split('"bad"', 1)[0]?.split('\n').length ?? 0
  const { code, figures, report } = await importInto(t, plane, file)
  t.equal(code, 1)
  t.strictSame(figures, { cluster_nodes: [1, 1, 0, 0, 0], service_registry: [5, 4, 0, 0, 1] })
  t.match(report.not_taken, [{ line: line - 1, table: 'service_registry', key: 'bad', reason: /service_url/ }])
  const services = await listed(plane)
  t.ok(services.every(({ status, health_status: health }) => status === 'registered' && health === 'unknown'))
  t.match(
    services.find(({ service_id: id }) => id === 'local-1'),
    { address: '10.1.0.5', port: 7500 },
    'an address that others cannot reach is replaced by that of its node',
  )
  const list = await put(folder, 'list.json', JSON.stringify(answer.services.slice(0, 2)))
  t.strictSame((await importInto(t, plane, list)).figures, { service_registry: [2, 0, 2, 0, 0] })
})
