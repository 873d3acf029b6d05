import t from 'tap'
import { Heartbeats } from '#control-plane/ingest/cluster-api/heartbeats.ts'
import { judgeClients } from '#control-plane/ingest/cluster-api/judge-clients.ts'
import { reason } from '#shared/protocol/reason.ts'
import { nodeId, specOf } from '#test/support/agents/agent-client.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { type ClusterPlane, realRegistration, startClusterPlane } from '#test/support/cluster-plane.ts'

const startApi = startClusterPlane
const real = realRegistration
const id = real.instance_id

t.test('a real registration is taken, is registered, and is on disk', async (t) => {
  await using api = await startApi()
  const { status, body } = await api.call('POST', '/cluster/register', real)
  t.equal(status, 201)
  t.match(body, { success: true, instance_id: id, status: 'registered', health_status: 'unknown', notes: [] })
  t.match(api.fleet.instances.get(id), {
    origin: 'client',
    registeredBy: `client:${id}`,
    spec: { service: 'zervi-backend', type: 'auth', version: '1.0', metadata: { environment: 'production' } },
  })
  t.match(api.fleet.nodes.get('alibaba-cloud'), { contact: 'none', spec: { machine: '' } })
  t.strictSame(api.saved, [id])
})

t.test('registering again is the same instance and no event, whatever node it names', async (t) => {
  await using api = await startApi()
  await api.call('POST', '/cluster/register', real)
  const recorded = api.journal.entries.length
  const { status, body } = await api.call('POST', '/cluster/register', { ...real, node_id: 'alibaba-cloud-1718000000' })
  t.equal(status, 200)
  t.match(body, { instance_id: id, node_id: 'alibaba-cloud', notes: [/node_id/] })
  t.equal(api.journal.entries.length, recorded)
})

t.test('an update is recorded', async (t) => {
  await using api = await startApi()
  await api.call('POST', '/cluster/register', real)
  const { status } = await api.call('POST', '/cluster/register', { ...real, metadata: { version: '2.0' } })
  t.equal(status, 200)
  t.equal(api.fleet.instances.get(id)?.spec.version, '2.0')
})

t.test(
  'the same id elsewhere, while the first is alive, is another instance, and a bare heartbeat names both',
  async (t) => {
    await using api = await startApi()
    await api.call('POST', '/cluster/register', real)
    const elsewhere = { ...real, node_id: 'tencent-cloud', address: '10.2.0.7' }
    const other = `${id}@tencent-cloud`
    t.match(await api.call('POST', '/cluster/register', elsewhere), {
      status: 201,
      body: { instance_id: other, notes: [/instance_id/] },
    })
    t.match(await api.call('POST', '/cluster/register', elsewhere), { status: 200, body: { instance_id: other } })
    const bare = await api.call('POST', `/cluster/heartbeat/${id}`)
    t.equal(bare.status, 409)
    t.match(bare.body.error, /10\.1\.0\.5:8080 on alibaba-cloud.*10\.2\.0\.7:8080 on tencent-cloud/)
    t.match(await api.call('POST', `/cluster/heartbeat/${encodeURIComponent(other)}`), {
      status: 200,
      body: { instance_id: other },
    })
    t.match(await api.call('POST', `/cluster/heartbeat/${id}`, { node_id: 'alibaba-cloud' }), {
      status: 200,
      body: { instance_id: id },
    })
    t.match(await api.call('POST', `/cluster/heartbeat/${id}`, { address: '10.2.0.7', port: '8080' }), {
      status: 200,
      body: { instance_id: other },
    })
    t.equal((await api.call('DELETE', `/cluster/deregister/${id}`)).status, 409)
    t.match(await api.call('DELETE', `/cluster/deregister/${encodeURIComponent(other)}`), { body: { removed: true } })
    t.match(await api.call('POST', `/cluster/heartbeat/${id}`), { status: 200, body: { instance_id: id } })
  },
)

t.test('the same id elsewhere, after the first fell silent, is the same instance that moved', async (t) => {
  await using api = await startApi()
  await api.call('POST', '/cluster/register', real)
  await api.journal.record({ kind: 'fell-silent', instance: id }, { by: 'plane:1' })
  t.match(await api.call('POST', '/cluster/register', { ...real, address: '10.2.0.7' }), {
    status: 200,
    body: { instance_id: id, address: '10.2.0.7', status: 'registered' },
  })
  t.equal(api.fleet.instances.size, 1)
})

t.test('a third of one id on one node is a conflict that names both', async (t) => {
  await using api = await startApi()
  for (const address of ['10.1.0.5', '10.1.0.6']) await api.call('POST', '/cluster/register', { ...real, address })
  const third = await api.call('POST', '/cluster/register', { ...real, address: '10.1.0.7' })
  t.match(third, { status: 409, body: { error: /10\.1\.0\.5.*10\.1\.0\.6/, problems: [{ field: 'instance_id' }] } })
  t.equal(api.fleet.instances.size, 2)
})

t.test('an address that leads nowhere is replaced by that of the caller, and the answer says so', async (t) => {
  await using api = await startApi()
  const { address: _, ...without } = real
  t.match(await api.call('POST', '/cluster/register', without), {
    body: { address: '127.0.0.1', notes: [/only this machine/] },
  })
  t.match(await api.call('POST', '/cluster/register', { ...real, instance_id: 'b', address: '0.0.0.0' }), {
    body: { address: '127.0.0.1' },
  })
})

const agentNode = nodeId(1)
async function withAgent(api: ClusterPlane) {
  const { record } = api.journal
  const by = `agent:${agentNode}`
  await record(
    { kind: 'registered', instance: 'crm-1', spec: specOf({ id: 'crm-1' }), node: agentNode, origin: 'agent' },
    { by },
  )
  await record({ kind: 'judged', instance: 'crm-1', health: 'passing', reason: reason('ok') }, { by })
}

t.test('what an agent looks after is left alone, and the answer says why', async (t) => {
  await using api = await startApi()
  await withAgent(api)
  const before = api.fleet.instances.get('crm-1')
  for (const { method, path, body } of [
    { method: 'POST', path: '/cluster/register', body: { ...real, instance_id: 'crm-1' } },
    { method: 'POST', path: '/cluster/heartbeat/crm-1', body: { health: 'critical' } },
    { method: 'DELETE', path: '/cluster/deregister/crm-1', body: undefined },
  ]) {
    const answer = await api.call(method, path, body)
    t.match(answer, { status: 403, body: { error: /agent of node n-/, problems: [{ field: 'instance_id' }] } })
  }
  t.equal(api.fleet.instances.get('crm-1'), before)
})

t.test('a heartbeat makes a client active, is no event while it changes nothing, and can say how it is', async (t) => {
  await using api = await startApi()
  await api.call('POST', '/cluster/register', real)
  const path = `/cluster/heartbeat/${id}`
  t.match(await api.call('POST', path), { status: 200, body: { status: 'active', health_status: 'healthy' } })
  const recorded = api.journal.entries.length
  await api.call('POST', path, {})
  await api.call('POST', path, { health: 'healthy', metrics: { cpu_usage: 12.5 } })
  t.equal(api.journal.entries.length, recorded)
  t.match(api.metrics, [{ instance: id, name: 'cpu_usage', value: 12.5, unit: 'percent', node: 'alibaba-cloud' }])
  t.match(await api.call('POST', path, { health_status: 'warning' }), {
    body: { status: 'active', health_status: 'warning' },
  })
  t.match(await api.call('POST', path, { health: 'DOWN' }), { body: { status: 'failed', health_status: 'critical' } })
  t.match(await api.call('POST', path), { body: { health_status: 'critical' } })
  t.equal(api.saved.filter((instance) => instance === id).length, 7)
})

t.test('a heartbeat of who is not registered is 404 and says what to do', async (t) => {
  await using api = await startApi()
  t.match(await api.call('POST', '/cluster/heartbeat/nobody'), {
    status: 404,
    body: { problems: [{ message: /register/ }] },
  })
})

t.test('who stays silent is inactive, and active again with the next heartbeat', async (t) => {
  await using api = await startApi({ lifetimeMs: 1_000, beats: new Heartbeats(0) })
  await api.call('POST', '/cluster/register', real)
  await api.call('POST', `/cluster/heartbeat/${id}`)
  const judge = () =>
    judgeClients({
      fleet: api.fleet,
      record: api.journal.record,
      beats: api.beats,
      lifetimeMs: 1_000,
      by: 'plane:1',
      log: quiet,
    })
  await judge()
  t.equal(api.fleet.standing(id)?.status, 'active')
  api.beats.beat(id, Date.now() - 1_001)
  await judge()
  t.match(api.fleet.standing(id), { status: 'inactive', health: 'unknown', routable: 'no' })
  t.match(await api.call('GET', '/cluster/services'), { body: { total: 0 } })
  t.match(await api.call('POST', `/cluster/heartbeat/${id}`), { body: { status: 'active' } })
})

t.test('a repeated deregistration is no error', async (t) => {
  await using api = await startApi()
  await api.call('POST', '/cluster/register', real)
  const path = `/cluster/deregister/${id}`
  t.match(await api.call('DELETE', path), { status: 200, body: { removed: true } })
  t.match(await api.call('DELETE', path), { status: 200, body: { removed: false } })
  t.equal(api.fleet.instances.size, 0)
})

t.test('a list is filtered and paged', async (t) => {
  await using api = await startApi()
  await withAgent(api)
  for (const number of [1, 2, 3]) {
    const registration = {
      ...real,
      instance_id: `c-${number}`,
      port: 9000 + number,
      metadata: { cluster_id: number === 3 ? 'looma' : 'zervigo' },
    }
    await api.call('POST', '/cluster/register', registration)
  }
  await api.call('POST', '/cluster/heartbeat/c-1')
  await api.call('POST', '/cluster/heartbeat/c-2', { health: 'critical' })
  const ids = async (query: string) => {
    const { body } = await api.call('GET', `/cluster/services${query}`)
    return (body.services as { instance_id: string }[]).map(({ instance_id }) => instance_id)
  }
  for (const { query, expected } of [
    { query: '', expected: ['c-1', 'c-3', 'crm-1'] },
    { query: '?status=all', expected: ['c-1', 'c-2', 'c-3', 'crm-1'] },
    { query: '?status=failed', expected: ['c-2'] },
    { query: '?status=failed,active', expected: ['c-1', 'c-2', 'crm-1'] },
    { query: '?type=auth', expected: ['c-1', 'c-3'] },
    { query: '?service_type=auth&health=healthy', expected: ['c-1'] },
    { query: '?health_status=unknown', expected: ['c-3'] },
    { query: '?cluster_id=looma', expected: ['c-3'] },
    { query: '?service_name=basic-server', expected: ['crm-1'] },
    { query: '?status=all&limit=2', expected: ['c-1', 'c-2'] },
    { query: '?status=all&limit=2&offset=2', expected: ['c-3', 'crm-1'] },
    { query: '?status=all&page=2&size=3', expected: ['crm-1'] },
    { query: '?status=all&page=3&page_size=3', expected: [] },
  ]) {
    t.strictSame(await ids(query), expected, query)
  }
  t.match(await api.call('GET', '/cluster/services?status=all&limit=2'), {
    body: { total: 4, limit: 2, offset: 0, next_offset: 2 },
  })
  t.match(await api.call('GET', '/cluster/services?service_name=zervi-backend'), {
    body: {
      services: [
        {
          service_url: 'http://10.1.0.5:9001',
          node_id: 'alibaba-cloud',
          status: 'active',
          health_status: 'healthy',
          origin: 'client',
          reason: 'heartbeat',
        },
      ],
    },
  })
})

t.test('a status shows counts, conflicts and what main adds', async (t) => {
  await using api = await startApi()
  await withAgent(api)
  await api.call('POST', '/cluster/register', { ...real, address: '10.0.0.1' })
  await api.call('POST', `/cluster/heartbeat/${id}`)
  const { body } = await api.call('GET', '/cluster/status')
  t.match(body, {
    status: 'ok',
    services: { total: 2, names: 2, by_status: { active: 2, failed: 0 }, by_health: { healthy: 2 } },
    nodes: { total: 1, none: 1 },
    conflicts: [{ address: '10.0.0.1', port: 8080, instances: ['crm-1', id] }],
    datacenters: [{ name: 'zervigo-dc' }],
    frozen: null,
    holds: [],
    revision: api.fleet.revision,
  })
})

t.test('a status shows what protects the fleet', async (t) => {
  await using api = await startApi()
  await api.journal.record({ kind: 'frozen', reason: 'move' }, { by: 'operator:ann' })
  await api.journal.record(
    { kind: 'hold-begun', site: 'tencent', machines: ['m1', 'm2'], until: 600_000 },
    { by: 'plane:1' },
  )
  t.match(await api.call('GET', '/cluster/status'), {
    body: {
      frozen: { by: 'operator:ann', reason: 'move' },
      holds: [{ site: 'tencent', machines: ['m1', 'm2'], until: '1970-01-01T00:10:00.000Z' }],
    },
  })
})

for (const { name, body, fields } of [
  { name: 'everything is missing', body: {}, fields: ['service_name', 'instance_id', 'node_id', 'port'] },
  {
    name: 'a shape that is not known',
    body: { title: 'x', host: 'h', port: 80 },
    fields: ['service_name', 'instance_id', 'node_id'],
  },
  {
    name: 'several fields are wrong',
    body: { ...real, port: '99999', instance_id: 'a b', address: 'http://x' },
    fields: ['instance_id', 'address', 'port'],
  },
  { name: 'a name with a line break', body: { ...real, service_name: 'a\nb' }, fields: ['service_name'] },
  { name: 'half a character', body: { ...real, service_name: 'a\ud800' }, fields: ['service_name'] },
  { name: 'a port that is none', body: { ...real, port: 80.5 }, fields: ['port'] },
  { name: 'metadata that are a list', body: { ...real, metadata: [1] }, fields: ['metadata'] },
  {
    name: 'a metadata value without end',
    body: { ...real, metadata: { a: 'x'.repeat(3000) } },
    fields: ['metadata.a'],
  },
  { name: 'a list', body: [], fields: ['(body)'] },
  { name: 'null', body: 'null', fields: ['(body)'] },
  { name: 'nothing', body: undefined, fields: ['service_name', 'instance_id', 'node_id', 'port'] },
]) {
  t.test(`${name}: 400 that names the fields, all at once`, async (t) => {
    await using api = await startApi()
    const answer = await api.call('POST', '/cluster/register', body)
    t.equal(answer.status, 400)
    t.ok(answer.body.error)
    t.strictSame(
      (answer.body.problems as { field: string }[]).map(({ field }) => field),
      fields,
    )
    t.equal(api.fleet.revision, 0)
  })
}

for (const { name, method, path, body, status } of [
  { name: 'text that is no JSON', method: 'POST', path: '/cluster/register', body: '{"service_name":', status: 400 },
  {
    name: 'a body that is too large',
    method: 'POST',
    path: '/cluster/register',
    body: JSON.stringify({ a: 'x'.repeat(300_000) }),
    status: 413,
  },
  {
    name: 'a path that cannot be decoded',
    method: 'POST',
    path: '/cluster/heartbeat/%E0%A4%A',
    body: undefined,
    status: 400,
  },
  {
    name: 'a status that does not exist',
    method: 'GET',
    path: '/cluster/services?status=happy',
    body: undefined,
    status: 400,
  },
  {
    name: 'a limit that is no number',
    method: 'GET',
    path: '/cluster/services?limit=all&offset=-1',
    body: undefined,
    status: 400,
  },
  {
    name: 'a health that does not exist',
    method: 'POST',
    path: `/cluster/heartbeat/${id}`,
    body: { health: 'fine' },
    status: 400,
  },
  {
    name: 'metrics that are no numbers',
    method: 'POST',
    path: `/cluster/heartbeat/${id}`,
    body: { metrics: { cpu: 'high' } },
    status: 400,
  },
]) {
  t.test(`${name}: ${status}`, async (t) => {
    await using api = await startApi()
    await api.call('POST', '/cluster/register', real)
    const answer = await api.call(method, path, body)
    t.equal(answer.status, status)
    t.type(answer.body.error, 'string')
    t.ok(Array.isArray(answer.body.problems))
  })
}

t.test('a full disk refuses what would have to be written, and goes on serving', async (t) => {
  await using api = await startApi()
  await api.call('POST', '/cluster/register', real)
  await api.call('POST', `/cluster/heartbeat/${id}`)
  api.journal.writable = false
  t.match(await api.call('POST', '/cluster/register', { ...real, instance_id: 'new', port: 1 }), {
    status: 503,
    body: { error: /no room/ },
  })
  t.equal((await api.call('POST', `/cluster/heartbeat/${id}`)).status, 200)
  t.equal((await api.call('POST', `/cluster/heartbeat/${id}`, { health: 'critical' })).status, 503)
  t.equal(api.fleet.standing(id)?.routable, 'yes')
  t.equal((await api.call('GET', '/cluster/services')).status, 200)
})

t.test('a plane that is still loading says so, and takes nothing', async (t) => {
  await using api = await startApi()
  Object.defineProperty(api.fleet, 'complete', { value: false })
  t.match(await api.call('GET', '/health'), { status: 503, body: { status: 'starting' } })
  t.match(await api.call('POST', '/cluster/register', real), { status: 503, body: { error: /loading/ } })
  t.equal(api.fleet.revision, 0)
})

t.test('many that register at once are all there, each once', async (t) => {
  await using api = await startApi()
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, number) =>
      api.call('POST', '/cluster/register', { ...real, instance_id: `c-${number % 10}`, port: 9000 + (number % 10) }),
    ),
  )
  t.equal(answers.filter(({ status }) => status === 201 || status === 200).length, 40)
  t.equal(api.fleet.instances.size, 10)
})

t.test('who is gone is forgotten, whoever took it away', async (t) => {
  await using api = await startApi()
  await api.call('POST', '/cluster/register', real)
  t.ok(api.beats.lastOf(id))
  await api.journal.record({ kind: 'deregistered', instance: id, cause: 'reaped' }, { by: 'plane:1' })
  t.equal(api.beats.lastOf(id), undefined)
})

t.test('hundreds that fall silent together are all inactive after one look', async (t) => {
  await using api = await startApi({ lifetimeMs: 1_000, beats: new Heartbeats(0) })
  const operations = Array.from({ length: 600 }, (_, index) => ({
    op: 'register',
    ...real,
    instance_id: `c-${index}`,
    port: 1 + index,
  }))
  await api.call('POST', '/cluster/batch', operations)
  for (const each of api.fleet.instances.keys()) api.beats.beat(each, Date.now() - 1_001)
  const { fleet, beats } = api
  await judgeClients({ fleet, record: api.journal.record, beats, lifetimeMs: 1_000, by: 'plane:1', log: quiet })
  t.equal([...fleet.instances.values()].filter(({ silent }) => silent).length, 600)
})
