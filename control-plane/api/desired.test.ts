import t from 'tap'
import type { Doing } from '#shared/protocol/orders.ts'
import { joined, node, serveApi, spec } from '#test/support/serve-v1.ts'

const doing: Doing = {
  type: 'doing',
  logging: { level: 'info', ordered: false },
  settings: { version: '' },
  restarts: { allowed: ['crm'] },
  admissions: {},
  probesRefused: { address: 2 },
}
const all = ['admissions', 'logging', 'settings', 'restarts']
const path = `/nodes/${node.id}`

t.test('what a node should do stands beside what it says that it does', async (t) => {
  const { send, said } = await serveApi(t, joined)
  t.match((await send('GET', `${path}/desired`)).json, { logging: { state: 'unknown', desired: null }, said_at: null })
  said.takes.set(node.id, all)
  said.doings.heard(node.id, doing, 0)
  t.match((await send('GET', `${path}/desired`)).json, {
    logging: { state: 'done', level: 'info' },
    settings: { state: 'done', version: '', running: '' },
    admissions: { state: 'done', desired: [] },
    restarts: { state: 'done', allowed: ['crm'], orders: [] },
    probes_refused: { address: 2 },
  })
  const level = { level: 'debug', reason: 'why', by: 'anna', expires_in_ms: 60_000 }
  t.match((await send('PUT', `${path}/log-level`, level)).json, { changed: true, revision: 4 })
  const admission = { admission: 'maintenance', reason: 'disk', by: 'anna', expires_in_ms: 1_000 }
  await send('PUT', `/instances/${spec.id}/admission`, admission)
  await send('PUT', '/settings/all', { document: { a: 1 }, comment: '', by: 'anna' })
  const pending = (await send('GET', `${path}/desired`)).json
  t.match(pending, {
    logging: {
      state: 'pending',
      desired: { level: 'debug', by: 'operator:anna', expires_at: '1970-01-01T00:01:05.000Z' },
    },
    settings: { state: 'pending', version: 'all@1', running: '' },
    admissions: { state: 'pending', desired: [{ instance: spec.id, admission: 'maintenance', reason: 'disk' }] },
  })
  const rejected = { version: 'all@1', problems: [{ path: 'a', message: 'unknown key' }] }
  said.doings.heard(
    node.id,
    {
      ...doing,
      logging: { level: 'debug', ordered: true },
      settings: { version: '', rejected },
      admissions: { [spec.id]: 'maintenance' },
    },
    1,
  )
  t.match((await send('GET', `${path}/desired`)).json, {
    logging: { state: 'done' },
    settings: { state: 'rejected', rejected },
    admissions: { state: 'done' },
  })
  t.match((await send('GET', '/settings/site:tencent/nodes')).json, { counts: { rejected: 1 }, not_done: [rejected] })
})

t.test('what is ordered for a node holds for what comes to it later, and is shown as such', async (t) => {
  const { send, record } = await serveApi(t, joined)
  const order = { admission: 'maintenance', reason: 'disk', by: 'anna', expires_in_ms: 1_000 }
  const late = { ...spec, id: 'late-00000001', port: 8081 }
  t.match((await send('PUT', `${path}/admission`, order)).json, { changed: true, revision: 4, instances: [spec.id] })
  await record(
    { kind: 'registered', instance: late.id, spec: late, node: node.id, origin: 'agent' },
    { by: 'agent:test' },
  )
  const shown = {
    state: 'maintenance',
    reason: 'disk',
    by: 'operator:anna',
    expires_at: '1970-01-01T00:00:06.000Z',
  }
  t.match((await send('GET', path)).json, { admission: shown })
  const view = (await send('GET', `/instances/${late.id}`)).json
  t.match(view, { admission: { ...shown, node: node.id }, reason: { code: 'maintenance', params: { node: node.id } } })
  const { stages } = (await send('GET', `/instances/${late.id}/explain`)).json
  t.match(
    stages.find((each: { stage: string }) => each.stage === 'admission'),
    {
      state: 'no',
      text: 'maintenance of all that is on 节点一 by operator:anna, until 1970-01-01T00:00:06.000Z: disk',
    },
  )
  t.match((await send('GET', `${path}/desired`)).json.admissions.desired, [
    { instance: spec.id, node: node.id },
    { instance: late.id, admission: 'maintenance', node: node.id },
  ])
  const own = { admission: 'quarantined', reason: 'odd', by: 'bo' }
  await send('PUT', `/instances/${spec.id}/admission`, own)
  const back = { ...own, admission: 'active' }
  t.match((await send('PUT', `/instances/${late.id}/admission`, back)).json, {
    otherwise: [{ instance: late.id, admission: 'maintenance', node: node.id }],
  })
  t.match((await send('PUT', `${path}/admission`, back)).json, {
    changed: true,
    otherwise: [{ instance: spec.id, admission: 'quarantined' }],
  })
  t.equal((await send('GET', path)).json.admission, undefined)
  t.match((await send('GET', `/instances/${late.id}`)).json, { admission: { state: 'active' } })
})

t.test('an agent of an older version is shown as such, and not asked for what it does not know', async (t) => {
  const { send, said } = await serveApi(t, joined)
  said.takes.set(node.id, ['admissions', 'gateways', 'probes'])
  t.match((await send('GET', `${path}/desired`)).json, {
    logging: { state: 'unsupported' },
    settings: { state: 'unsupported' },
    admissions: { state: 'unknown' },
    restarts: { state: 'unsupported' },
  })
  const restart = { name: 'crm', reason: 'why', by: 'anna' }
  t.match(await send('POST', `${path}/restarts`, restart), {
    status: 409,
    json: { detail: /not supported by the agent/ },
  })
  const level = { level: 'debug', reason: '', by: 'anna' }
  t.match(await send('PUT', `${path}/log-level`, level), { status: 409 })
  t.match((await send('GET', '/settings/all/nodes')).json, { counts: { unsupported: 1 } })
})

t.test('a restart is ordered once, however often it is asked for with its id', async (t) => {
  const { send, fleet, record } = await serveApi(t, joined)
  const body = { id: 'r-1', name: 'crm', reason: 'why', by: 'anna', expires_in_ms: 60_000 }
  for (const _ of [1, 2]) {
    t.match(await send('POST', `${path}/restarts`, body), {
      status: 200,
      json: { id: 'r-1', state: 'open', by: 'operator:anna' },
    })
  }
  t.equal(fleet.orders.get(node.id)?.restarts.length, 1)
  const outcome = { state: 'failed', code: 3, why: '', output: 'no', tookMs: 5 } as const
  await record({ kind: 'restart-ended', node: node.id, id: 'r-1', outcome }, { by: `agent:${node.id}` })
  t.match((await send('GET', `${path}/restarts/r-1`)).json, { state: 'failed', code: 3, output: 'no', took_ms: 5 })
  for (let n = 0; n < 10; n += 1) await send('POST', `${path}/restarts`, { ...body, id: `q-${n}` })
  t.match(await send('POST', `${path}/restarts`, { ...body, id: 'q-10' }), { status: 409 })
  t.match(await send('POST', `${path}/restarts`, { ...body, id: 'q-3' }), { status: 200 })
})

t.test('settings have versions, a history and a way back, and two operators do not overwrite each other', async (t) => {
  const { send } = await serveApi(t, joined)
  const write = (document: unknown, headers = {}) =>
    send('PUT', '/settings/all', { document, comment: 'c', by: 'anna' }, headers)
  t.match(await write({ a: 1 }, { 'if-match': '"0"' }), { status: 200, json: { changed: true } })
  const { etag } = await send('GET', '/settings/all')
  t.match(await write({ a: 2 }, { 'if-match': etag }), { status: 200 })
  t.match(await write({ a: 3 }, { 'if-match': etag }), { status: 412 })
  t.match(await write({ a: 2 }), { json: { changed: false } })
  t.match(await send('POST', '/settings/all/rollback', { to: 1, comment: 'back', by: 'bo' }), {
    json: { changed: true },
  })
  t.match((await send('GET', '/settings/all')).json, {
    version: 3,
    document: { a: 1 },
    history: [{ version: 3, restores: 1, by: 'operator:bo', comment: 'back' }, { version: 2 }, { version: 1 }],
  })
  t.match((await send('GET', '/settings/all/versions/2')).json, { version: 2, document: { a: 2 } })
  t.match((await send('GET', '/settings')).json, [{ scope: 'all', version: 3 }])
  const list = await send('GET', '/settings/all', undefined, { 'if-none-match': '"3"' })
  t.equal(list.status, 304)
})

const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)
const settings = { document: {}, comment: '', by: 'anna' }
for (const { what, method, at, body, status } of [
  { what: 'of a node that is not there', method: 'GET', at: '/nodes/ghost/desired', body: undefined, status: 404 },
  { what: 'with a level that is none', method: 'PUT', at: `${path}/log-level`, body: { level: 'loud' }, status: 400 },
  {
    what: 'for a node that is not there',
    method: 'PUT',
    at: '/nodes/ghost/log-level',
    body: { level: null, reason: '', by: 'a' },
    status: 404,
  },
  {
    what: 'without a reason',
    method: 'POST',
    at: `${path}/restarts`,
    body: { name: 'crm', reason: '', by: 'a' },
    status: 400,
  },
  { what: 'of a restart that is not there', method: 'GET', at: `${path}/restarts/r-9`, body: undefined, status: 404 },
  { what: 'of a restart of no node', method: 'GET', at: '/nodes/ghost/restarts/r-9', body: undefined, status: 404 },
  { what: 'for no scope', method: 'PUT', at: '/settings/everybody', body: settings, status: 400 },
  { what: 'for a node that is not there', method: 'PUT', at: '/settings/node:ghost', body: settings, status: 404 },
  { what: 'that are no object', method: 'PUT', at: '/settings/all', body: { ...settings, document: [] }, status: 400 },
  { what: 'that are too deep', method: 'PUT', at: '/settings/all', body: { ...settings, document: deep }, status: 400 },
  {
    what: 'that are too large',
    method: 'PUT',
    at: '/settings/all',
    body: { ...settings, document: { a: 'x'.repeat(65_536) } },
    status: 400,
  },
  {
    what: 'back to a version that is not there',
    method: 'POST',
    at: '/settings/all/rollback',
    body: { to: 9, comment: '', by: 'a' },
    status: 404,
  },
  { what: 'of a scope without any', method: 'GET', at: '/settings/site:x', body: undefined, status: 404 },
]) {
  t.test(`${method} ${at} ${what} is answered ${status}`, async (t) => {
    const { send } = await serveApi(t, joined)
    t.equal((await send(method, at, body)).status, status)
  })
}

t.test('a node without an agent is not asked for anything', async (t) => {
  const { send } = await serveApi(t, [{ kind: 'node-joined', node: { ...node, machine: '' } }])
  const level = { level: 'debug', reason: '', by: 'anna' }
  t.match(await send('PUT', `${path}/log-level`, level), { status: 409, json: { detail: /no agent/ } })
})

t.test('the gateways on a node are to drain with it, and how each stands is what its agent says', async (t) => {
  const gateways = [{ gateway: 'edge', proxy: 'nginx' as const }]
  const { send, said } = await serveApi(t, [{ kind: 'node-joined', node: { ...node, gateways } }])
  const view = async () => (await send('GET', `${path}/desired`)).json
  t.match(await view(), { gateways: { state: 'unknown', desired: 'active', is: null } })
  said.takes.set(node.id, all)
  said.doings.heard(node.id, doing, 0)
  t.match(await view(), { gateways: { state: 'unsupported' } }, 'of an older agent')
  said.takes.set(node.id, [...all, 'node'])
  const says = (drains: Doing['drains']) => said.doings.heard(node.id, { ...doing, drains }, 0)
  says({ edge: { state: 'serving' } })
  t.match(await view(), { gateways: { state: 'done', desired: 'active' } })
  await send('PUT', `${path}/admission`, { admission: 'draining', reason: '', by: 'anna' })
  t.match(await view(), { gateways: { state: 'pending', desired: 'draining' } })
  says({ edge: { state: 'draining', requests: 3 } })
  t.match(await view(), { gateways: { state: 'pending', is: { edge: { state: 'draining', requests: 3 } } } })
  // One that its agent only looks at is named by the agent alone.
  says({ edge: { state: 'drained' }, 'other@127.0.0.1:9901': { state: 'noticed' } })
  t.match(await view(), { gateways: { state: 'pending' } })
  says({ edge: { state: 'drained' }, 'other@127.0.0.1:9901': { state: 'drained' } })
  t.match(await view(), { gateways: { state: 'done' } })
})

t.test('of a node without gateways nothing is said of them', async (t) => {
  const { send } = await serveApi(t, [{ kind: 'node-joined', node: { ...node, gateways: [] } }])
  t.notOk('gateways' in (await send('GET', `${path}/desired`)).json)
})
