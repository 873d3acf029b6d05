import t from 'tap'
import {
  ExplainView as ExplainSchema,
  type ExplainView,
  InstanceView,
  NodeView,
  ServiceView,
} from '#shared/protocol/api.ts'
import { StatusView } from '#shared/protocol/status-api.ts'
import { joined, node, serveApi, sink, spec } from '#test/support/serve-v1.ts'
import type { Change } from '../fleet/event.ts'

const passing: Change = { kind: 'judged', instance: spec.id, health: 'passing', reason: { code: 'ok' } }

t.test('every view answers in its schema', async (t) => {
  const { send } = await serveApi(t, [...joined, passing], [sink('consul:zervigo-dc', 'shown')])
  const status = StatusView.parse((await send('GET', '/status')).json)
  t.match(status, {
    revision: 4,
    complete: true,
    nodes: { connected: 1 },
    instances: { total: 1, routable: 1, passing: 1 },
  })
  const [service] = ((await send('GET', '/services')).json as unknown[]).map((each) => ServiceView.parse(each))
  t.match(service, { name: 'basic-server', instances: 1, routable: 1, clusters: ['zervigo'] })
  const [seen] = ((await send('GET', '/nodes')).json as unknown[]).map((each) => NodeView.parse(each))
  t.match(seen, { name: '节点一', contact: 'connected', instances: [spec.id], gateways: ['edge'], dead: false })
  const [listed] = ((await send('GET', '/instances?service=basic-server')).json as unknown[]).map((each) =>
    InstanceView.parse(each),
  )
  t.match(listed, { id: spec.id, routable: 'yes', contact: 'connected', node_name: '节点一' })
  t.strictSame((await send('GET', `/instances/${spec.id}`)).json, listed)
  t.strictSame((await send('GET', '/instances?node=n-other')).json, [])
})

t.test('explain names the first thing that keeps an instance from being routed', async (t) => {
  const draining: Change = {
    kind: 'admitted',
    instance: spec.id,
    admission: 'draining',
    reason: 'upgrade',
    expiresAt: 9_000_000,
  }
  const critical: Change = { kind: 'judged', instance: spec.id, health: 'critical', reason: { code: 'refused' } }
  const dead: Change = { kind: 'death-confirmed', instance: spec.id, death: { how: 'refused', vantages: ['plane'] } }
  const lost: Change = { kind: 'contact-changed', node: node.id, contact: 'lost', session: 's1' }
  for (const { name, changes, answer, no } of [
    { name: 'no verdict', changes: [], answer: /not routed: no_verdict/, no: ['health', 'routable'] },
    { name: 'critical', changes: [critical], answer: /not routed: refused/, no: ['health', 'routable'] },
    { name: 'draining', changes: [passing, draining], answer: /not routed: draining/, no: ['admission', 'routable'] },
    {
      name: 'dead',
      changes: [passing, dead],
      answer: /not routed: death_confirmed how=refused/,
      no: ['health', 'routable'],
    },
    { name: 'contact lost', changes: [passing, lost], answer: /is routed \(ok\); every sink shows it/, no: [] },
    { name: 'passing', changes: [passing], answer: /is routed \(ok\); every sink shows it/, no: [] },
  ] as const) {
    await t.test(name, async (t) => {
      const { send } = await serveApi(
        t,
        [...joined, ...changes],
        [sink('consul:zervigo-dc', no.length === 0 ? 'shown' : 'absent')],
      )
      const view: ExplainView = ExplainSchema.parse((await send('GET', `/instances/${spec.id}/explain`)).json)
      t.match(view.answer, answer)
      t.strictSame(
        view.stages.filter(({ state }) => state === 'no').map(({ stage }) => stage),
        no,
      )
    })
  }
})

t.test('explain says which sink is behind', async (t) => {
  const { send } = await serveApi(
    t,
    [...joined, passing],
    [sink('consul:zervigo-dc', 'shown'), sink('envoy:edge', 'absent')],
  )
  const { json } = await send('GET', `/instances/${spec.id}/explain`)
  t.match(json, { answer: /not yet shown by envoy:edge/ })
})

t.test('explain of what nobody registered says so', async (t) => {
  const { send } = await serveApi(t, joined)
  t.match((await send('GET', '/instances/ghost/explain')).json, { known: false, routable: 'no' })
})

t.test('two servers on one address and port are named', async (t) => {
  const rival = { ...spec, id: 'rival-00000002', service: 'rival' }
  const { send } = await serveApi(t, [
    ...joined,
    { kind: 'registered', instance: rival.id, spec: rival, node: node.id, origin: 'agent' },
  ])
  const { json } = await send('GET', `/instances/${spec.id}/explain`)
  t.ok((json as ExplainView).stages.some(({ stage, text }) => stage === 'conflict' && text.includes(rival.id)))
})

t.test('a drain has author, reason and expiry', async (t) => {
  const { send, fleet } = await serveApi(t, [...joined, passing])
  const body = { admission: 'draining', reason: 'upgrade', by: 'alice', expires_in_ms: 60_000 }
  t.match(await send('PUT', `/instances/${spec.id}/admission`, body), {
    status: 200,
    json: { changed: true, revision: 5 },
  })
  t.match(fleet.instances.get(spec.id)?.admission, { state: 'draining', by: 'operator:alice', expiresAt: 65_000 })
  t.match(await send('PUT', `/nodes/${node.id}/admission`, { ...body, admission: 'active' }), {
    status: 200,
    json: { changed: false, instances: [spec.id], otherwise: [{ instance: spec.id, admission: 'draining' }] },
  })
})

t.test('bad requests get an answer that says what is wrong', async (t) => {
  const { send } = await serveApi(t, joined)
  for (const { method, path, body, status, says } of [
    {
      method: 'PUT',
      path: '/instances/ghost/admission',
      body: { admission: 'active', reason: '', by: 'a' },
      status: 404,
      says: /ghost/,
    },
    {
      method: 'PUT',
      path: '/nodes/ghost/admission',
      body: { admission: 'active', reason: '', by: 'a' },
      status: 404,
      says: /ghost/,
    },
    {
      method: 'PUT',
      path: `/instances/${spec.id}/admission`,
      body: { admission: 'gone' },
      status: 400,
      says: /3 field/,
    },
    { method: 'PUT', path: `/instances/${spec.id}/admission`, body: '{', status: 400, says: /could not be read/ },
    { method: 'POST', path: '/freeze', body: undefined, status: 400, says: /field/ },
    { method: 'GET', path: '/events?limit=many', body: undefined, status: 400, says: /field/ },
    { method: 'GET', path: '/nothing', body: undefined, status: 404, says: /GET/ },
    { method: 'GET', path: '/instances/ghost', body: undefined, status: 404, says: /ghost/ },
    {
      method: 'POST',
      path: '/datacenters/x/sweep',
      body: { owner: 'o', apply: false, by: 'a' },
      status: 404,
      says: /x/,
    },
    {
      method: 'POST',
      path: '/datacenters/zervigo-dc/sweep',
      body: { owner: 'o', apply: true, by: 'a' },
      status: 409,
      says: /frozen/,
    },
    { method: 'POST', path: '/datacenters/x/deletions', body: { by: 'a' }, status: 404, says: /x/ },
  ] as const) {
    const answer = await send(method, path, body)
    t.match(answer, { status, type: /application\/problem\+json/, json: { status, detail: says } }, `${method} ${path}`)
  }
})

t.test('freeze and thaw say whether they changed anything', async (t) => {
  const { send } = await serveApi(t, joined)
  t.match((await send('POST', '/freeze', { reason: 'drill', by: 'alice' })).json, { changed: true })
  t.match((await send('POST', '/freeze', { reason: 'drill', by: 'alice' })).json, { changed: false })
  t.match((await send('GET', '/status')).json, { frozen: { by: 'operator:alice', reason: 'drill' } })
  t.match(await send('POST', '/datacenters/zervigo-dc/sweep', { owner: 'o', apply: true, by: 'a' }), { status: 200 })
  t.match((await send('POST', '/thaw', { reason: '', by: 'alice' })).json, { changed: true })
  t.match(await send('POST', '/datacenters/zervigo-dc/deletions', { by: 'a' }), { status: 200 })
})

t.test('events are listed after a revision or since a time', async (t) => {
  const { send } = await serveApi(t, joined)
  t.match((await send('GET', '/events?after=1&limit=1')).json, [
    { revision: 2, kind: 'node-attached', subject: node.id },
  ])
  t.match((await send('GET', '/events')).json, [{ revision: 1 }, { revision: 2 }, { revision: 3 }])
  t.match((await send('GET', `/events?since=${new Date(1_000_002).toISOString()}`)).json, [{ revision: 3 }])
})

t.test('a follower sees what is appended while it stays', async (t) => {
  const { base, record } = await serveApi(t, joined)
  const leave = new AbortController()
  const answer = await fetch(`${base}/events?after=2&follow=true`, { signal: leave.signal })
  const lines: string[] = []
  const decoder = new TextDecoder()
  for await (const chunk of answer.body ?? []) {
    lines.push(...decoder.decode(chunk).trim().split('\n').filter(Boolean))
    if (lines.length === 1) await record(passing, { by: 'agent:test' })
    if (lines.length >= 2) break
  }
  leave.abort()
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      { revision: 3, kind: 'registered' },
      { revision: 4, kind: 'judged' },
    ],
  )
})
