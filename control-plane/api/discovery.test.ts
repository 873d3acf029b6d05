import t from 'tap'
import { apiPlane, sinkStatus } from '#test/support/api-plane.ts'
import { instanceRegistered, judged, nodeJoined } from '#test/support/fleet-builder.ts'

const changes = [...nodeJoined('n-a'), ...instanceRegistered('crm-1', 'n-a'), judged('crm-1', 'passing')]
const by = { by: 'agent:n-a' }

t.test('clients get all of it, may keep it, and ask again for nothing if it is the same', async (t) => {
  const { address } = await apiPlane(t, changes)
  const first = await fetch(`${address}/v1/discovery`)
  t.match(await first.json(), {
    basic_servers: [],
    zervi_services: [{ id: 'crm-1', origin: 'agent' }],
    total_services: 1,
  })
  t.equal(first.headers.get('cache-control'), 'max-age=5')
  const etag = first.headers.get('etag') ?? ''
  const again = await fetch(`${address}/v1/discovery`, { headers: { 'if-none-match': etag } })
  t.equal(again.status, 304)
  t.strictSame(await (await fetch(`${address}/v1/discovery?service=none`)).json(), {
    basic_servers: [],
    zervi_services: [],
    total_services: 0,
  })
})

t.test('with an index the answer comes when it is another one', async (t) => {
  const { address, record } = await apiPlane(t, changes)
  const first = await fetch(`${address}/v1/discovery?service=crm`)
  const index = first.headers.get('x-heddle-index')
  const waiting = fetch(`${address}/v1/discovery?service=crm&wait=1m&index=${index}`)
  await record(judged('crm-1', 'critical', 'refused'), by)
  const news = await waiting
  t.match(await news.json(), { zervi_services: [{ id: 'crm-1', health: 'critical' }] })
  t.ok(Number(news.headers.get('x-heddle-index')) > Number(index))
  t.equal(news.headers.get('cache-control'), 'no-cache')
  const same = await fetch(`${address}/v1/discovery?service=crm&wait=5ms&index=${news.headers.get('x-heddle-index')}`)
  t.match(await same.json(), { total_services: 1 })
})

t.test('as an event stream the whole comes at once, and again whenever it is another one', async (t) => {
  const { address, record, discovery } = await apiPlane(t, changes)
  const gone = new AbortController()
  t.teardown(() => gone.abort())
  const response = await fetch(`${address}/v1/discovery`, {
    headers: { accept: 'text/event-stream' },
    signal: gone.signal,
  })
  t.match(response.headers.get('content-type'), /^text\/event-stream/)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  t.match(await reader?.read(), { value: /^id: \d+\nevent: discovery\ndata: \{.*"health":"healthy".*\}\n\n$/ })
  await record(judged('crm-1', 'critical', 'refused'), by)
  t.match(await reader?.read(), { value: /^id: \d+\nevent: discovery\ndata: \{.*"health":"critical".*\}\n\n$/ })
  discovery[Symbol.dispose]()
  t.match(await reader?.read(), { value: ':\n\n' })
  t.match(await reader?.read(), { done: true }, 'and ends when the plane does')
})

t.test('Prometheus gets its targets', async (t) => {
  const { address } = await apiPlane(t, changes)
  const response = await fetch(`${address}/v1/discovery/prometheus?service=crm`)
  t.match(response.headers.get('content-type'), /^application\/json/)
  t.match(await response.json(), [{ targets: ['10.0.0.1:8080'], labels: { __meta_heddle_service: 'crm' } }])
})

t.test('what cannot be asked is refused, with the field named', async (t) => {
  const { address } = await apiPlane(t, changes)
  for (const query of ['index=-1', 'index=a', 'wait=1', 'wait=6m', 'health=fine', 'colour=red', 'service=']) {
    const response = await fetch(`${address}/v1/discovery?${query}`)
    t.equal(response.status, 400, query)
    t.match(await response.json(), { problems: [{ field: query.split('=')[0] }] })
  }
})

t.test('what is wrong in a datacenter is told, and that there is no such datacenter', async (t) => {
  const { address, lints } = await apiPlane(t, changes)
  const view = { datacenter: 'zervigo-dc', examined: 1, beyond: 0, not_probed: 0, findings: [] }
  lints.set('zervigo-dc', view)
  t.strictSame(await (await fetch(`${address}/v1/datacenters/zervigo-dc/lint?critical_for=1h`)).json(), view)
  t.equal((await fetch(`${address}/v1/datacenters/nowhere/lint`)).status, 404)
  t.equal((await fetch(`${address}/v1/datacenters/zervigo-dc/lint?critical_for=long`)).status, 400)
})

t.test('explain tells whose word counts, of a record of others and of the instance that it is', async (t) => {
  const spec = {
    datacenter: 'zervigo-dc',
    node: '老节点',
    id: 'crm/1',
    service: 'crm-old',
    address: '10.0.0.1',
    nodeAddress: '10.0.0.1',
    port: 8080,
    tags: [],
    metadata: {},
    weight: 1,
  }
  const foreign = 'zervigo-dc/老节点/crm%2F1'
  const found = { kind: 'foreign-found', foreign, spec, health: 'critical', check: 'service:crm' } as const
  const { address, sinks } = await apiPlane(t, [...changes, found])
  for (const name of ['consul:zervigo-dc', 'consul:looma-dc', 'envoy:edge']) sinks.set(name, sinkStatus(name, 9))
  const explain = async (id: string) =>
    (await fetch(`${address}/v1/instances/${encodeURIComponent(id)}/explain`)).json()
  t.match(await explain('crm-1'), {
    routable: 'yes',
    stages: [
      {},
      {},
      {},
      {},
      {},
      {
        stage: 'discovered',
        state: 'note',
        text: /in zervigo-dc, as crm-old: critical: the check service:crm says so/,
      },
    ],
  })
  t.match(await explain(foreign), {
    known: true,
    routable: 'no',
    answer: /registered by somebody else in zervigo-dc/,
    stages: [
      { stage: 'discovered', text: 'crm-old at 10.0.0.1:8080 on 老节点, in zervigo-dc' },
      { stage: 'health', state: 'no' },
      { stage: 'sink:consul:zervigo-dc', state: 'yes', text: /never touched/ },
      { stage: 'sink:consul:looma-dc', state: 'yes' },
    ],
  })
})
