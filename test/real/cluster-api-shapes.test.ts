import t from 'tap'
import { serviceRow } from '#control-plane/journal/tables/rows.ts'
import { type ClusterPlane, realRegistration, startClusterPlane } from '#test/support/cluster-plane.ts'

type Row = Record<string, unknown>

async function rows(plane: ClusterPlane, query = '?status=all'): Promise<readonly Row[]> {
  const { body } = await plane.call('GET', `/cluster/services${query}`)
  return body.services as Row[]
}

const consulService = {
  ID: 'crm-1',
  Service: 'looma-crm',
  Tags: ['looma,crm', 'python'],
  Port: 7500,
  Meta: { weight: 2 },
}

for (const { name, body, method = 'POST', row } of [
  {
    name: 'the fixed one',
    body: realRegistration,
    row: {
      service_id: 'zervi-backend-001',
      service_name: 'zervi-backend',
      service_type: 'auth',
      service_url: 'http://10.1.0.5:8080',
      node_id: 'alibaba-cloud',
      version: '1.0',
      health_status: 'unknown',
    },
  },
  {
    name: 'the fixed one with a quoted port, comma-joined tags, a Chinese name and values that are no text',
    body: {
      ...realRegistration,
      service_name: '简历服务',
      port: '8080',
      tags: 'zervigo,resume，go',
      metadata: { weight: 5, regions: ['上海'], nested: { a: null }, on: true },
    },
    row: {
      service_name: '简历服务',
      port: 8080,
      tags: ['zervigo', 'resume', 'go'],
      metadata: { weight: '5', regions: '["上海"]', nested: '{"a":null}', on: 'true' },
    },
  },
  {
    name: 'name, type, host, port, endpoints, tags',
    body: {
      name: 'looma-ai',
      type: 'ai-service',
      host: '10.0.0.7',
      port: 8206,
      endpoints: ['/chat', '/health'],
      tags: ['looma,ai'],
    },
    row: {
      service_id: /^looma-ai-[0-9a-f]{8}$/,
      service_name: 'looma-ai',
      service_type: 'ai-service',
      address: '10.0.0.7',
      node_id: '10.0.0.7',
      tags: ['looma', 'ai'],
      metadata: { endpoints: '["/chat","/health"]' },
    },
  },
  {
    name: 'a row with service_url, capabilities and config',
    body: {
      service_id: 'ai-1',
      service_name: 'ai-service',
      service_type: 'ai-service',
      service_url: 'https://ai.example/api',
      node_id: 'tencent-cloud',
      cluster_id: 'looma',
      capabilities: { models: ['a', 'b'], gpu: false },
      config: { timeout: 30, nested: { deep: [1] } },
      status: 'active',
      health_status: 'healthy',
    },
    row: {
      service_id: 'ai-1',
      service_url: 'https://ai.example/api',
      address: 'ai.example',
      port: 443,
      cluster_id: 'looma',
      capabilities: { models: ['a', 'b'], gpu: false },
      config: { timeout: 30, nested: { deep: [1] } },
      status: 'active',
      health_status: 'healthy',
    },
  },
  {
    name: 'id, name, version, endpoint, health',
    body: {
      id: 'resume:1',
      name: 'resume-service',
      version: 'v2',
      endpoint: '10.0.0.9:8082',
      health: { status: 'degraded', message: 'slow', timestamp: 17, details: { db: false } },
      metadata: { a: 1 },
      last_check: 'never',
      registered_at: 'yesterday',
    },
    row: { service_id: 'resume:1', address: '10.0.0.9', port: 8082, version: 'v2', health_status: 'warning' },
  },
  {
    name: 'Consul’s agent form by PUT',
    method: 'PUT',
    body: {
      ID: 'web-1',
      Name: 'web',
      Tags: ['go'],
      Address: '10.0.0.3',
      Port: 80,
      Meta: { version: '3' },
      EnableTagOverride: false,
      Check: { HTTP: 'http://10.0.0.3/health', Interval: '10s', Status: 'passing' },
      Weights: { Passing: 10, Warning: 1 },
    },
    row: {
      service_id: 'web-1',
      service_name: 'web',
      tags: ['go'],
      version: '3',
      status: 'active',
      health_status: 'healthy',
    },
  },
  {
    name: 'Consul’s agent form without an id',
    body: { Name: 'web', Address: '10.0.0.3', Port: 80 },
    row: { service_id: 'web', node_id: '10.0.0.3', health_status: 'unknown' },
  },
  {
    name: 'Consul’s catalogue form',
    method: 'PUT',
    body: {
      Datacenter: 'looma-dc',
      Node: 'tencent-1',
      Address: '10.0.0.4',
      Service: consulService,
      Checks: [
        { CheckID: 'a', Status: 'passing' },
        { CheckID: 'b', Status: 'critical' },
      ],
    },
    row: {
      service_id: 'crm-1',
      node_id: 'tencent-1',
      address: '10.0.0.4',
      tags: ['looma', 'crm', 'python'],
      metadata: { weight: '2' },
      status: 'failed',
      health_status: 'critical',
    },
  },
]) {
  t.test(`${name} is registered, and listed as it was sent`, async (t) => {
    await using plane = await startClusterPlane()
    const first = await plane.call(method, '/cluster/register', body)
    t.equal(first.status, 201)
    t.match(await rows(plane), [row])
    const [listed] = await rows(plane)
    t.equal(first.body.service_id, listed?.service_id)
    const before = plane.journal.entries.length
    t.match(await plane.call(method, '/cluster/register', body), {
      status: 200,
      body: { service_id: listed?.service_id },
    })
    t.equal(plane.journal.entries.length, before, 'again is no event')
  })
}

for (const { name, body, fields } of [
  { name: 'a URL that is none', body: { service_name: 'a', service_url: 'http://:80' }, fields: ['service_url'] },
  { name: 'a URL without a port', body: { service_name: 'a', service_url: 'tcp://h' }, fields: ['service_url'] },
  {
    name: 'a URL with a password',
    body: { service_name: 'a', service_url: 'http://u:p@h:1' },
    fields: ['service_url'],
  },
  { name: 'an endpoint that is an object', body: { id: 'a', name: 'b', endpoint: {} }, fields: ['endpoint'] },
  {
    name: 'a health that is no word',
    body: { id: 'a', name: 'b', endpoint: 'h:1', health: { status: 'fine' } },
    fields: ['health.status'],
  },
  { name: 'a host without a port', body: { name: 'a', type: 'b', host: 'h' }, fields: ['port'] },
  { name: 'tags that are objects', body: { name: 'a', host: 'h', port: 1, tags: [{}] }, fields: ['tags[0]'] },
  {
    name: 'capabilities that are text',
    body: { service_name: 'a', service_url: 'h:1', capabilities: 'x' },
    fields: ['capabilities'],
  },
  { name: 'a Consul node alone', body: { Node: 'n', Address: '10.0.0.1' }, fields: ['Service'] },
  { name: 'a Consul service without a port', body: { Name: 'web' }, fields: ['Port'] },
  {
    name: 'a Consul service in the catalogue without a name',
    body: { Node: 'n', Service: { Port: 1 } },
    fields: ['Service.Service'],
  },
  {
    name: 'Consul metadata without end',
    body: { Name: 'a', Port: 1, Meta: { k: 'x'.repeat(3_000) } },
    fields: ['Meta.k'],
  },
]) {
  t.test(`${name}: 400 that names ${fields.join(', ')} and says what to do`, async (t) => {
    await using plane = await startClusterPlane()
    const answer = await plane.call('POST', '/cluster/register', body)
    t.match(answer, { status: 400, body: { success: false, field: fields[0], remedy: /.+/, error: /.+/ } })
    t.strictSame(
      (answer.body.problems as { field: string }[]).map(({ field }) => field),
      fields,
    )
    t.equal(plane.fleet.revision, 0)
  })
}

t.test('a URL on a host that others cannot reach is told by where the request came from', async (t) => {
  await using plane = await startClusterPlane()
  const body = { service_name: 'a', service_url: 'http://0.0.0.0:81/x?y=1' }
  t.match(await plane.call('POST', '/cluster/register', body), {
    body: { address: '127.0.0.1', notes: [/only this machine/] },
  })
  t.match(await rows(plane), [{ service_url: 'http://127.0.0.1:81/x?y=1' }])
})

t.test('the tables say what was registered, in whatever shape it came', async (t) => {
  await using plane = await startClusterPlane()
  const rowFor = async (body: object) => {
    const answer = await plane.call('POST', '/cluster/register', body)
    t.equal(answer.status, 201)
    const instance = plane.fleet.instances.get(String(answer.body.service_id))
    if (!instance) throw new Error('it is not known')
    return serviceRow(instance, plane.fleet.nodes.get(instance.node), 0)
  }
  const capabilities = { models: ['千问'], gpu: true }
  const config = { timeout: 30, nested: { deep: [1, null] } }
  t.match(
    await rowFor({
      service_id: 'ai',
      service_name: 'ai',
      service_type: 'ai-service',
      service_url: 'grpc://10.0.0.1:8206/x',
      capabilities,
      config,
    }),
    {
      service_id: 'ai',
      service_type: 'ai-service',
      service_url: 'grpc://10.0.0.1:8206/x',
      node_id: '10.0.0.1',
      capabilities: JSON.stringify(capabilities),
      config: JSON.stringify(config),
      address: '10.0.0.1',
      port: 8206,
      status: 'registered',
      health_status: 'unknown',
    },
  )
  t.match(await rowFor({ ...realRegistration, tags: 'a,b', metadata: { version: 2, cluster_id: 'zervigo' } }), {
    service_url: 'http://10.1.0.5:8080',
    cluster_id: 'zervigo',
    capabilities: '["a","b"]',
    config: '{"version":"2","cluster_id":"zervigo"}',
  })
})
