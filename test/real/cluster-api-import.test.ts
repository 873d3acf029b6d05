import t from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { Heartbeats } from '#control-plane/ingest/cluster-api/heartbeats.ts'
import type { ImportEnd } from '#shared/protocol/registry-import.ts'
import { startClusterPlane } from '#test/support/cluster-plane.ts'

t.setTimeout(60_000)

const row = (id: string, url: string, more: object = {}) => ({
  ...{
    service_id: id,
    service_name: 'crm',
    service_url: url,
    node_id: 'n1',
    status: 'active',
    health_status: 'healthy',
  },
  ...more,
})

type Plane = Awaited<ReturnType<typeof startClusterPlane>>

async function importRows(plane: Plane, rows: readonly object[], how: object = {}, table = 'service_registry') {
  const { status, body } = await plane.call('POST', '/v1/cluster/import', { table, rows, by: 'anna', ...how })
  t.equal(status, 200)
  return body.results as readonly ImportEnd[]
}

const outcomes = async (...args: Parameters<typeof importRows>) =>
  (await importRows(...args)).map(({ outcome }) => outcome)

t.test('what an import takes is not routable, whatever the former registry thought of it', async (t) => {
  await using plane = await startClusterPlane()
  t.strictSame(await outcomes(plane, [row('crm-1', 'http://10.0.0.1:80')], { dry_run: true }), ['taken'])
  t.equal(plane.fleet.revision, 0, 'a dry run changes nothing')
  t.strictSame(await outcomes(plane, [row('crm-1', 'http://10.0.0.1:80')]), ['taken'])
  t.match(plane.fleet.standing('crm-1'), { routable: 'no', status: 'registered', health: 'unknown' })
  t.equal(plane.fleet.instances.get('crm-1')?.registeredBy, 'import:anna')
  const { revision } = plane.fleet
  t.strictSame(await outcomes(plane, [row('crm-1', 'http://10.0.0.1:80')]), ['there'])
  t.equal(plane.fleet.revision, revision)
})

t.test('what is there stays as it is unless it is to be overwritten', async (t) => {
  await using plane = await startClusterPlane()
  const register = { service_name: 'crm', instance_id: 'crm-1', node_id: 'n9', address: '10.0.0.1', port: 80 }
  await plane.call('POST', '/cluster/register', register)
  await plane.call('POST', '/cluster/heartbeat/crm-1', { health: 'healthy' })
  const other = row('crm-1', 'http://10.0.0.1:80', { config: { a: 1 } })
  t.match(await importRows(plane, [other]), [{ outcome: 'kept', remedy: /--overwrite/ }])
  t.match(await importRows(plane, [row('crm-1', 'http://10.0.0.2:80')], { overwrite: true }), [
    { outcome: 'kept', reason: /alive elsewhere/ },
  ])
  t.match(
    await importRows(plane, [
      row('ghost', 'http://10.0.0.1:80'),
      row('x', 'http://10.0.0.1:80', { service_name: 'x' }),
    ]),
    [
      { outcome: 'there', reason: /crm-1 .* is at its place/ },
      { outcome: 'kept', reason: /has this address and port/ },
    ],
  )
  t.strictSame(await outcomes(plane, [other], { overwrite: true }), ['taken'])
  t.match(plane.fleet.instances.get('crm-1'), {
    node: 'n9',
    health: 'passing',
    spec: { registered: { config: { a: 1 } } },
  })
})

t.test('an instance that fell silent does not look alive because it is imported', async (t) => {
  await using plane = await startClusterPlane({ lifetimeMs: 60_000, beats: new Heartbeats(Date.now()) })
  const register = { service_name: 'crm', instance_id: 'crm-1', node_id: 'n1', address: '10.0.0.1', port: 80 }
  await plane.call('POST', '/cluster/register', register)
  await plane.call('POST', '/cluster/heartbeat/crm-1', { health: 'healthy' })
  await plane.journal.record({ kind: 'fell-silent', instance: 'crm-1' }, { by: 'plane:test' })
  const other = row('crm-1', 'http://10.0.0.1:80', { config: { a: 1 } })
  t.match(await importRows(plane, [other], { overwrite: true }), [{ outcome: 'kept', reason: /is silent/ }])
  t.match(plane.fleet.standing('crm-1'), { routable: 'no' })
  t.strictSame(await outcomes(plane, [row('crm-1', 'http://10.0.0.2:80')], { overwrite: true }), ['taken'])
  t.match(
    plane.fleet.standing('crm-1'),
    { routable: 'no', status: 'registered' },
    'at another place it is not judged yet',
  )
})

t.test('what an agent looks after is there already', async (t) => {
  await using plane = await startClusterPlane()
  const spec = { id: 'a-1', service: 'crm', address: '10.0.0.1', port: 80, tags: [], metadata: {}, checks: [] }
  await plane.journal.record(
    { kind: 'registered', instance: 'a-1', spec, node: 'n1', origin: 'agent' },
    { by: 'agent:n1' },
  )
  t.match(
    await importRows(
      plane,
      [
        row('a-1', 'http://10.0.0.1:80'),
        row('a-1', 'http://10.0.0.2:80'),
        row('b', 'http://10.0.0.1:80', { service_name: 'b' }),
      ],
      { overwrite: true },
    ),
    [{ outcome: 'there' }, { outcome: 'kept', reason: /an agent looks after/ }, { outcome: 'there' }],
  )
})

t.test('nodes are taken as they were registered, and instances without an address are on theirs', async (t) => {
  await using plane = await startClusterPlane()
  const local = row('crm-1', 'http://localhost:80')
  t.match(await importRows(plane, [local]), [{ outcome: 'refused', reason: /others cannot reach localhost/ }])
  t.strictSame(await outcomes(plane, [local], { dry_run: true, nodes: { n1: '10.0.0.7' } }), ['taken'])
  const nodes = [
    { node_id: 'n1', host_address: '10.0.0.8' },
    { node_id: 'n2', node_type: 'queen' },
  ]
  t.match(await importRows(plane, nodes, {}, 'cluster_nodes'), [
    { outcome: 'taken' },
    { outcome: 'refused', reason: /node_type/ },
  ])
  t.strictSame(await outcomes(plane, nodes.slice(0, 1), {}, 'cluster_nodes'), ['there'])
  const other = [{ node_id: 'n1', host_address: '10.0.0.9' }]
  t.strictSame(await outcomes(plane, other, {}, 'cluster_nodes'), ['kept'])
  t.strictSame(await outcomes(plane, [local, row('crm-2', 'http://0.0.0.0:80')]), ['taken', 'there'])
  t.match(plane.fleet.instances.get('crm-1')?.spec, { address: '10.0.0.8', port: 80 })
  t.strictSame(await outcomes(plane, other, { overwrite: true }, 'cluster_nodes'), ['taken'])
  t.strictSame(plane.nodesHeard, [], 'no node is heard of by an import')
})

t.test('what is wrong is told by its fields, never by what stands there', async (t) => {
  await using plane = await startClusterPlane()
  const secret = { config_key: 'k', config_value: 5, is_encrypted: true, token: 's3cret' }
  const results = await importRows(plane, [secret, { config_key: 'k', config_value: 'v' }], {}, 'cluster_configs')
  t.match(results, [{ outcome: 'refused', reason: /config_value: .*token/ }, { outcome: 'taken' }])
  t.notMatch(JSON.stringify(results), /s3cret/)
  const far = await importRows(plane, [row('x', 's3cret://x y'), row('y y', 'http://10.0.0.1')])
  t.strictSame(
    far.map(({ outcome }) => outcome),
    ['refused', 'refused'],
  )
  t.notMatch(JSON.stringify(far), /s3cret/)
  for (const body of [
    { table: 'user_sessions', rows: [] },
    { table: 'cluster_nodes' },
    { table: 'cluster_nodes', rows: Array(1001).fill({}) },
  ]) {
    t.equal((await plane.call('POST', '/cluster/import', body)).status, 400)
  }
})

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => row(`many-${index}`, `http://10.0.0.9:${1000 + index}`))

t.test('names that every object has are no nodes that the file names', async (t) => {
  await using plane = await startClusterPlane()
  for (const node of ['constructor', 'toString', '__proto__']) {
    const nowhere = { service_name: 'x', instance_id: 'x-1', node_id: node, port: 80 }
    const ends = await importRows(plane, [nowhere, ...many(120)], { dry_run: true })
    t.match(ends[0], { outcome: 'refused', reason: /that of node .* is not known/ }, node)
    t.equal(ends.filter(({ outcome }) => outcome === 'taken').length, 120)
  }
})

class Stumbling extends Fleet {
  override instancesAt(address: string, port: number): ReturnType<Fleet['instancesAt']> {
    if (address === '10.6.6.6') throw new TypeError('stumbled')
    return super.instancesAt(address, port)
  }
}

t.test('a row over which the plane stumbles is refused, and those behind it are taken', async (t) => {
  await using plane = await startClusterPlane({ fleet: new Stumbling() })
  const ends = await importRows(plane, [row('crm-1', 'http://10.6.6.6:80'), ...many(120)])
  t.match(ends[0], { outcome: 'refused', reason: 'internal failure', remedy: /log/ })
  t.equal(ends.filter(({ outcome }) => outcome === 'taken').length, 120)
  t.equal(plane.fleet.instances.size, 120)
})

t.test('another service at a place is kept back, whether it comes in the same call or later', async (t) => {
  await using plane = await startClusterPlane()
  const rows = [
    row('auth-1', 'http://10.0.0.5:8080', { service_name: 'auth' }),
    row('user-1', 'http://10.0.0.5:8080', { service_name: 'user' }),
    row('auth-2', 'http://10.0.0.5:8080', { service_name: 'auth' }),
  ]
  const second = { outcome: 'kept', reason: /^auth-1 .*has this address and port/, remedy: /deregister auth-1/ }
  t.match(await importRows(plane, rows, { dry_run: true }), [{ outcome: 'taken' }, second, { outcome: 'there' }])
  t.match(await importRows(plane, rows), [{ outcome: 'taken' }, second, { outcome: 'there' }])
  t.match(await importRows(plane, rows), [{ outcome: 'there' }, second, { outcome: 'there' }])
})

t.test('what a row does not say of a node stays as it is known', async (t) => {
  await using plane = await startClusterPlane()
  const register = { service_name: 'crm', instance_id: 'crm-1', node_id: 'n1', address: '10.0.0.5', port: 80 }
  await plane.call('POST', '/cluster/register', { ...register, cluster_id: 'c1' })
  const nodes = [{ node_id: 'n1', host_address: 'localhost', node_type: 'gateway' }]
  t.strictSame(await outcomes(plane, nodes, {}, 'cluster_nodes'), ['taken'])
  t.match(plane.fleet.nodes.get('n1')?.spec, { address: '10.0.0.5', cluster: 'c1', registered: { type: 'gateway' } })
  t.strictSame(await outcomes(plane, nodes, {}, 'cluster_nodes'), ['there'], 'again it is the same')
  t.strictSame(await outcomes(plane, [row('crm-2', 'http://localhost:81')]), ['taken'])
})

t.test('a secret is not taken, whoever sends it', async (t) => {
  await using plane = await startClusterPlane()
  const configs = [
    { config_key: 'dbPassword', config_value: 's3cret' },
    { config_key: 'database_url', config_value: 'mysql://u:s3cret@db/x' },
    { config_key: 'log_level', config_value: 'info' },
  ]
  for (const [table, rows] of [
    ['cluster_configs', configs],
    ['service_configs', configs.map((each) => ({ service_id: 'crm-1', ...each }))],
  ] as const) {
    const ends = await importRows(plane, rows, {}, table)
    t.match(ends, [
      { outcome: 'refused', reason: /config_key: a secret is not taken/ },
      { outcome: 'refused', reason: /config_value: a secret is not taken/ },
      { outcome: 'taken' },
    ])
    t.notMatch(JSON.stringify(ends), /s3cret/)
  }
})
