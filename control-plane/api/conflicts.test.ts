import t from 'tap'
import { startClusterPlane } from '#test/support/cluster-plane.ts'
import { joined, node, serveApi, spec } from '#test/support/serve-v1.ts'
import { operations } from './openapi/operations.ts'
import { registryOperations } from './openapi/registry-operations.ts'

const by = 'alice'
const how = { reason: 'upgrade', by }

/** What each change that minds `If-Match` is sent with here; a new one has to be added. */
const changes: Readonly<Record<string, { readonly path: string; readonly body: object }>> = {
  admitInstance: { path: `/instances/${spec.id}/admission`, body: { admission: 'draining', ...how } },
  admitNode: { path: `/nodes/${node.id}/admission`, body: { admission: 'maintenance', ...how } },
  assignNode: { path: `/nodes/${node.id}/tenant`, body: { tenant: 'acme', ...how } },
  orderLogLevel: { path: `/nodes/${node.id}/log-level`, body: { level: 'debug', ...how } },
  writeSettings: { path: '/settings/all', body: { document: { a: 1 }, comment: '', by } },
  rollbackSettings: { path: '/settings/all/rollback', body: { to: 1, comment: '', by } },
  freeze: { path: '/freeze', body: how },
  thaw: { path: '/thaw', body: how },
}

/** Where there is nothing here that could be changed; their own tests say the same: the file of each. */
const elsewhere: Readonly<Record<string, string>> = {
  decideDiscovered: 'below',
  applyDeclaration: 'routing.test.ts',
  rollbackDeclaration: 'routing.test.ts',
  steerRollout: 'upgrades.test.ts',
  steerSplit: 'splits.test.ts',
}

const changing = [...operations, ...registryOperations].filter(({ method }) => method !== 'get')

t.test('every change minds versions, or says why it can overwrite nothing', async (t) => {
  for (const { id, marks = [], unversioned, refusals = [] } of changing) {
    const conditional = marks.includes('conditional')
    t.equal(conditional, unversioned === undefined, id)
    if (conditional) t.ok(refusals.includes(412) || id === 'steerSplit', `${id} describes its conflict`)
  }
})

for (const { method, path, id, marks = [] } of operations) {
  if (method === 'get') continue
  if (!marks.includes('conditional')) {
    t.test(`${id} is refused with a version, since it has none`, async (t) => {
      const { send, fleet } = await serveApi(t, joined)
      const { revision } = fleet
      const answer = await send(method.toUpperCase(), path.replace(/\{\w+\}/g, 'ghost'), {}, { 'if-match': '"1"' })
      t.match(answer, { status: 400, json: { problems: [{ field: 'If-Match' }] } })
      t.equal(fleet.revision, revision)
    })
    continue
  }
  if (id in elsewhere) continue
  t.test(`${id} for another version is answered with both states, and changes nothing`, async (t) => {
    const { send, fleet, record } = await serveApi(t, joined)
    const written = { kind: 'settings-written', scope: 'all', document: { a: 0 }, comment: '', restores: null } as const
    await record(written, { by })
    const change = changes[id]
    if (!change) return t.fail(`there is no conflict of ${id} here`)
    const { revision } = fleet
    const answer = await send(method.toUpperCase(), change.path, change.body, { 'if-match': '"77.77"' })
    t.match(answer, {
      status: 412,
      json: { code: 'VERSION_CHANGED', current: Object, yours: { if_match: '"77.77"', change: change.body } },
    })
    t.equal(fleet.revision, revision)
    return undefined
  })
}

t.test('what was read may be changed by its version, once', async (t) => {
  const { send } = await serveApi(t, joined)
  for (const { read, change, body } of [
    { read: '/freeze', change: ['POST', '/freeze'], body: how },
    { read: '/freeze', change: ['POST', '/thaw'], body: how },
    {
      read: `/nodes/${node.id}/desired`,
      change: ['PUT', `/nodes/${node.id}/log-level`],
      body: { level: 'debug', ...how },
    },
  ] as const) {
    const { etag } = await send('GET', read)
    const [method, path] = change
    t.match(await send(method, path, body, { 'if-match': etag }), { status: 200, json: { changed: true } }, path)
    t.match(await send(method, path, body, { 'if-match': etag }), { status: 412 }, `${path} again`)
  }
})

t.test('a decision about what was found as it was read is not made when it is something else by now', async (t) => {
  const { send, discoveries } = await serveApi(t, joined)
  const found = { id: 'found-9000-0a1b2c3d', port: 9000, address: '10.0.0.7', state: 'asking', by: 'policy' } as const
  const more = { service: 'crm', confidence: 'high', firstSeen: 1, lastSeen: 2 }
  const tell = (over: object) => {
    const told = { type: 'discovered', found: [{ ...found, ...more, ...over }], left: 0, conflicts: [] }
    discoveries.heard(node.id, told as never)
  }
  tell({})
  const path = `/discovered/${found.id}`
  const { etag, status } = await send('GET', path)
  t.equal(status, 200)
  tell({ state: 'ignored', by: 'operator:bob' })
  const mine = { do: 'adopt', by }
  t.match(await send('PUT', path, mine, { 'if-match': etag }), {
    status: 412,
    json: { current: { state: 'ignored', by: 'operator:bob' }, yours: { if_match: etag, change: mine } },
  })
})

t.test('a thousand orders are answered one by one, and one more is refused', async (t) => {
  const { send, fleet } = await serveApi(t, joined)
  const order = { kind: 'instance', id: spec.id, admission: 'draining', reason: '' }
  const others = [
    { ...order, if_match: '"77"' },
    { ...order, id: 'ghost' },
    { ...order, kind: 'node', id: node.id },
  ]
  t.match(await send('POST', '/admissions', { by, orders: [order, ...others] }), {
    status: 207,
    json: {
      total: 4,
      failed: 2,
      results: [
        { index: 0, status: 200, change: { changed: true } },
        { status: 412, code: 'VERSION_CHANGED', current: { id: spec.id }, yours: { if_match: '"77"' } },
        { status: 404 },
        { status: 200, change: { changed: true } },
      ],
    },
  })
  t.equal(fleet.instances.get(spec.id)?.admission.state, 'draining')
  const many = (count: number) =>
    send('POST', '/admissions', { by, orders: Array.from({ length: count }, () => order) })
  t.match(await many(1_000), { status: 200, json: { total: 1_000, failed: 0 } })
  t.match(await many(1_001), { status: 400, json: { problems: [{ field: 'orders' }] } })
})

t.test('the registry answers a conflict with both states too, and refuses versions where there are none', async (t) => {
  const plane = await startClusterPlane()
  t.teardown(() => plane[Symbol.asyncDispose]())
  const send = async (method: string, path: string, body: object, ifMatch?: string) => {
    const headers = { 'content-type': 'application/json', ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }) }
    const response = await fetch(`${plane.url}/v1${path}`, { method, headers, body: JSON.stringify(body) })
    return {
      status: response.status,
      etag: response.headers.get('etag') ?? '',
      json: (await response.json()) as object,
    }
  }
  const instance = { service_name: 'a', instance_id: 'a-1', node_id: 'n', address: '10.0.0.1', port: 81 }
  const aNode = { node_id: 'n-1', node_name: 'one', host_address: '10.0.0.1' }
  await send('POST', '/cluster/register', instance)
  const first = await send('POST', '/cluster/nodes', aNode)
  for (const [method, path, body] of [
    ['POST', '/cluster/register', { ...instance, version: '2' }],
    ['POST', '/cluster/heartbeat/a-1', { health: 'critical' }],
    ['DELETE', '/cluster/deregister/a-1', {}],
    ['POST', '/cluster/nodes', { ...aNode, node_name: 'other' }],
    ['PUT', '/cluster/nodes/n-1', { ...aNode, node_name: 'other' }],
    ['DELETE', '/cluster/nodes/n-1', {}],
  ] as const) {
    const { revision } = plane.fleet
    const answer = await send(method, path, body, '"77"')
    t.match(
      answer,
      { status: 412, json: { code: 'VERSION_CHANGED', current: Object, yours: { if_match: '"77"' } } },
      path,
    )
    t.equal(plane.fleet.revision, revision, path)
  }
  t.match(await send('POST', '/cluster/nodes', { ...aNode, node_name: 'two' }, first.etag), { status: 200 })
  t.match(await send('POST', '/cluster/nodes', { ...aNode, node_name: 'three' }, first.etag), { status: 412 })
  const shown = await fetch(`${plane.url}/cluster/nodes/n-1`)
  t.match(await send('DELETE', '/cluster/nodes/n-1', {}, shown.headers.get('etag') ?? ''), { status: 200 })
  for (const path of ['/cluster/metrics/a-1', '/cluster/batch', '/cluster/nodes/sync', '/cluster/nodes/n/heartbeat']) {
    t.match(await send('POST', path, {}, '"1"'), { status: 400, json: { problems: [{ field: 'If-Match' }] } }, path)
  }
  const operations = [
    { op: 'heartbeat', id: 'a-1', health: 'critical', if_match: '"77"' },
    { op: 'register', ...instance, instance_id: 'a-2', port: 83 },
    { op: 'metrics', id: 'a-1', metrics: { a: 1 }, if_match: '*' },
  ]
  t.match(await send('POST', '/cluster/batch', { operations }), {
    status: 207,
    json: {
      results: [
        { code: 412, failure: 'VERSION_CHANGED', yours: { if_match: '"77"' }, current: { instance_id: 'a-1' } },
        { code: 201 },
        { code: 400, field: 'if_match' },
      ],
    },
  })
})
