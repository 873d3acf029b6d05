import t, { type Test } from 'tap'
import type { ClusterApiOptions } from '#control-plane/ingest/cluster-api/cluster-api.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { nodeRow } from '#control-plane/journal/tables/rows.ts'
import { nodeId } from '#test/support/agents/agent-client.ts'
import { realRegistration, startClusterPlane } from '#test/support/cluster-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'

const node = {
  node_id: 'basic-1',
  node_name: '基础服务器一',
  node_type: 'management',
  host_address: '10.0.0.8',
  port: '8080',
  cluster_id: 'zervigo',
  site: '阿里云',
  capabilities: ['auth', 'resume'],
  resources: { cpu: 4, memory: '3.6GB' },
}

for (const { name, method, path, body } of [
  { name: 'POST /cluster/nodes', method: 'POST', path: '/cluster/nodes', body: node },
  { name: 'POST /cluster/nodes/register', method: 'POST', path: '/cluster/nodes/register', body: node },
  {
    name: 'PUT /cluster/nodes/<id>',
    method: 'PUT',
    path: '/cluster/nodes/basic-1',
    body: { ...node, node_id: undefined },
  },
  {
    name: 'other names of the same fields',
    method: 'POST',
    path: '/cluster/nodes',
    body: {
      ...node,
      node_id: null,
      id: 'basic-1',
      node_name: null,
      name: node.node_name,
      host_address: '',
      host: '10.0.0.8',
    },
  },
]) {
  t.test(`a node is registered by ${name}, once, and its row says what was registered`, async (t) => {
    await using plane = await startClusterPlane()
    const shown = {
      node_id: 'basic-1',
      node_name: '基础服务器一',
      node_type: 'management',
      host_address: '10.0.0.8',
      port: 8080,
      status: 'active',
      capabilities: ['auth', 'resume'],
      resources: { cpu: 4 },
      contact: 'none',
      managed_by: 'client',
    }
    t.match(await plane.call(method, path, body), { status: 201, body: { success: true, ...shown } })
    const recorded = plane.journal.entries.length
    t.match(await plane.call(method, path, body), { status: 200 })
    t.equal(plane.journal.entries.length, recorded)
    t.match(await plane.call('GET', '/cluster/nodes/basic-1/status'), { status: 200, body: shown })
    t.strictSame(plane.nodesHeard, ['basic-1', 'basic-1'])
    const belief = plane.fleet.nodes.get('basic-1')
    if (!belief) throw new Error('it is not known')
    t.match(nodeRow(belief, [], 0), {
      node_name: '基础服务器一',
      node_type: 'management',
      host_address: '10.0.0.8',
      port: 8080,
      status: 'active',
      capabilities: '["auth","resume"]',
      resources: '{"cpu":4,"memory":"3.6GB"}',
      cluster_id: 'zervigo',
      site: '阿里云',
    })
  })
}

t.test('a node that is in maintenance says so, gives signs of life, and leaves by its own word', async (t) => {
  await using plane = await startClusterPlane()
  await plane.call('POST', '/cluster/nodes', { ...node, status: 'maintenance' })
  t.match(await plane.call('POST', '/cluster/nodes/basic-1/heartbeat', {}), { body: { status: 'maintenance' } })
  t.match(await plane.call('POST', '/cluster/nodes/heartbeat', { node_id: 'basic-1' }), { status: 200 })
  await plane.call('POST', '/cluster/register', { ...realRegistration, node_id: 'basic-1' })
  t.match(await plane.call('DELETE', '/cluster/nodes/basic-1'), {
    status: 200,
    body: { removed: true, services_left: [realRegistration.instance_id], notes: [/still registered/] },
  })
  t.ok(plane.fleet.instances.has(realRegistration.instance_id), 'its services are nobody else’s to take away')
  t.match(await plane.call('POST', '/cluster/nodes/unregister', { node_id: 'basic-1' }), {
    status: 200,
    body: { removed: false },
  })
  t.equal((await plane.call('GET', '/cluster/nodes/basic-1')).status, 404)
  t.equal((await plane.call('POST', '/cluster/nodes/basic-1/heartbeat')).status, 404)
})

t.test('nodes are filtered and paged in the order of their ids', async (t) => {
  await using plane = await startClusterPlane()
  for (const [id, more] of [
    ['c', { node_type: 'gateway' }],
    ['a', { cluster_id: 'looma' }],
    ['b', { status: 'maintenance' }],
  ] as const)
    await plane.call('POST', '/cluster/nodes', { node_id: id, ...more })
  const ids = async (query: string) => {
    const { body } = await plane.call('GET', `/cluster/nodes${query}`)
    return (body.nodes as { node_id: string }[]).map(({ node_id }) => node_id).join()
  }
  for (const [query, expected] of [
    ['', 'a,b,c'],
    ['?limit=2', 'a,b'],
    ['?limit=2&cursor=b', 'c'],
    ['?offset=1&limit=1', 'b'],
    ['?status=maintenance', 'b'],
    ['?node_type=gateway', 'c'],
    ['?type=worker&status=active', 'a'],
    ['?cluster_id=looma', 'a'],
  ] as const)
    t.equal(await ids(query), expected, query)
  t.match(await plane.call('GET', '/cluster/nodes/status'), { body: { nodes: { total: 3, none: 3 } } })
})

t.test('what an agent says of its node stays, and it is not taken away', async (t) => {
  await using plane = await startClusterPlane()
  const agent = {
    id: nodeId(1),
    name: 'n',
    machine: 'm',
    incarnation: 1,
    address: '10.0.0.1',
    site: '',
    cluster: '',
    version: '1',
    gateways: [],
  }
  await plane.journal.record({ kind: 'node-joined', node: agent }, { by: `agent:${agent.id}` })
  t.match(await plane.call('PUT', `/cluster/nodes/${agent.id}`, { name: 'mine', host: '1.2.3.4' }), {
    status: 200,
    body: { node_name: 'n', host_address: '10.0.0.1', managed_by: 'agent', notes: [/agent/] },
  })
  t.match(await plane.call('DELETE', `/cluster/nodes/${agent.id}`), {
    status: 403,
    body: { field: 'node_id', remedy: /.+/ },
  })
  t.equal(plane.fleet.nodes.get(agent.id)?.spec.name, 'n')
})

t.test('a report that a node failed is noted and shown, and takes nothing out of service', async (t) => {
  await using plane = await startClusterPlane()
  await plane.call('POST', '/cluster/nodes', node)
  const registration = { ...realRegistration, node_id: 'basic-1' }
  await plane.call('POST', '/cluster/register', registration)
  await plane.call('POST', `/cluster/heartbeat/${registration.instance_id}`)
  const { revision } = plane.fleet
  t.match(
    await plane.call('POST', '/cluster/nodes/basic-1/failure', { reported_by: 'basic-2', reason: '连接被拒绝' }),
    {
      status: 202,
      body: { success: true, state: 'noted', status: 'active', notes: [/alone/] },
    },
  )
  for (let count = 0; count < 20; count += 1)
    await plane.call('POST', '/cluster/nodes/report-failure', { failed_node: 'basic-1', reporter: `r${count}` })
  const { body } = await plane.call('GET', '/cluster/nodes/basic-1')
  t.equal((body.failure_reports as unknown[]).length, 10)
  t.equal(plane.fleet.standing(registration.instance_id)?.routable, 'yes')
  t.equal(plane.fleet.revision, revision)
  t.equal((await plane.call('POST', '/cluster/nodes/nobody/failure', {})).status, 404)
})

for (const { name, body, field } of [
  { name: 'without an id', body: {}, field: 'node_id' },
  { name: 'with a word of the API for an id', body: { node_id: 'sync' }, field: 'node_id' },
  { name: 'of a type that does not exist', body: { node_id: 'a', node_type: 'boss' }, field: 'node_type' },
  { name: 'with a port that is none', body: { node_id: 'a', port: '0' }, field: 'port' },
]) {
  t.test(`a node ${name} is 400 and names ${field}`, async (t) => {
    await using plane = await startClusterPlane()
    t.match(await plane.call('POST', '/cluster/nodes', body), { status: 400, body: { field } })
    t.equal(plane.fleet.nodes.size, 0)
  })
}

/** A plane whose tasks are kept in a store on disk. */
async function startKeeping(t: Test, limits = { tasks: 100, bytes: 10_000, keptMs: 3_600_000 }) {
  const folder = await temporaryFolder('sync')
  const store = await openStore({ path: `${folder.path}/heddle.db` })
  const syncTasks: ClusterApiOptions['syncTasks'] = {
    add: (task) => store.addSyncTask(task, limits),
    get: store.syncTask,
    list: store.syncTasks,
  }
  const plane = await startClusterPlane({ kept: { syncTasks } })
  t.teardown(async () => {
    await plane[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  return plane
}

const task = {
  task_id: 'task-1',
  source_node: 'basic-1',
  target_nodes: ['basic-2'],
  data_type: 'user',
  data: { id: 7, 名: '李' },
}

t.test('data that are handed over are kept, pending, and can be asked after', async (t) => {
  const plane = await startKeeping(t)
  const told = {
    task_id: 'task-1',
    status: 'pending',
    source_node: 'basic-1',
    target_nodes: ['basic-2'],
    data_type: 'user',
  }
  t.match(await plane.call('POST', '/cluster/nodes/sync', { ...task, priority: 'high', timestamp: 1_770_000_000 }), {
    status: 202,
    body: { success: true, ...told, priority: 8, timestamp: '2026-02-02T02:40:00.000Z', error: null },
  })
  t.match(await plane.call('GET', '/cluster/nodes/sync/task-1'), { status: 200, body: told })
  t.match(await plane.call('POST', '/cluster/nodes/sync', task), { status: 202, body: told }, 'again is the same task')
  t.match(await plane.call('POST', '/cluster/nodes/sync', { ...task, data: 8 }), {
    status: 409,
    body: { field: 'task_id' },
  })
  t.match(await plane.call('POST', '/cluster/nodes/sync/config', { source_node: 'basic-1', data: 1 }), {
    status: 202,
    body: { data_type: 'config', task_id: /^sync-/, target_nodes: [] },
  })
  t.match(await plane.call('POST', '/cluster/nodes/basic-3/sync', { data_type: 'users', data: [] }), {
    status: 202,
    body: { source_node: 'basic-3', data_type: 'user' },
  })
  const list = async (query: string) =>
    (await plane.call('GET', query)).body as { tasks: { source_node: string }[]; next_cursor: string }
  const first = await list('/cluster/nodes/sync?limit=2')
  t.strictSame(
    first.tasks.map(({ source_node }) => source_node),
    ['basic-3', 'basic-1'],
  )
  t.equal((await list(`/cluster/nodes/sync?limit=2&cursor=${first.next_cursor}`)).tasks.length, 1)
  t.equal((await list('/cluster/nodes/basic-1/sync')).tasks.length, 2)
  t.equal((await plane.call('GET', '/cluster/nodes/sync/nothing')).status, 404)
})

t.test('more than may be pending is refused, and said so', async (t) => {
  const plane = await startKeeping(t, { tasks: 2, bytes: 200, keptMs: 3_600_000 })
  const add = (data: unknown) => plane.call('POST', '/cluster/nodes/n/sync', { data_type: 'config', data })
  t.match(await add('x'.repeat(300)), { status: 503, body: { success: false, remedy: /later/ } })
  t.equal((await add(1)).status, 202)
  t.equal((await add(2)).status, 202)
  t.equal((await add(3)).status, 503)
})

t.test('a task that says too little is 400 and names all that is missing', async (t) => {
  const plane = await startKeeping(t)
  const { status, body } = await plane.call('POST', '/cluster/nodes/sync', { data_type: 'jokes', timestamp: 'soon' })
  t.equal(status, 400)
  t.strictSame(
    (body.problems as { field: string }[]).map(({ field }) => field),
    ['source_node', 'data_type', 'data', 'timestamp'],
  )
})
