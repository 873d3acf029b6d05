import t from 'tap'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import { plainFrame, plainListener } from '#test/support/routing/route-tables.ts'
import type { Change } from '../../fleet/event.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { renderEnvoyFiles } from '../envoy/render-files.ts'
import { renderNginx } from '../nginx/render.ts'
import type { RouteTable, Service } from '../table.ts'
import { FileSink } from './publish.ts'

const service = (...ports: readonly number[]): Service => ({
  name: 'basic-server',
  balance: 'round_robin',
  connectTimeoutMs: 1_000,
  idleTimeoutMs: 4_000,
  ejection: { failures: 3, forMs: 5_000 },
  maxConnections: undefined,
  slowStartMs: undefined,
  tls: undefined,
  source: 'routes.yaml:5',
  endpoints: ports.map((port) => ({
    instance: `basic-${port}`,
    address: '127.0.0.1',
    port,
    weight: 100,
    priority: 0,
    site: 'alibaba',
  })),
})

const table = (...ports: readonly number[]): RouteTable => ({
  gateway: 'edge',
  proxy: 'nginx',
  delivery: 'files',
  mode: 'apply',
  logs: { access: undefined, attempts: undefined },
  ...plainFrame,
  listeners: [{ ...plainListener, name: 'main', port: 8090 }],
  routes: [],
  services: [service(...ports)],
  source: 'routes.yaml:1',
})

const node = (id: string) => ({
  id,
  name: `name of ${id}`,
  machine: id,
  incarnation: 1,
  address: '10.0.0.1',
  site: 'alibaba',
  cluster: 'zervigo',
  version: '0.1.0',
  gateways: [{ gateway: 'edge', proxy: 'nginx' as const }],
})

/** A sink over a fleet in which these nodes run the gateway. */
function sinkOver(ids: readonly string[], mode: 'apply' | 'observe' = 'apply', proxy: 'nginx' | 'envoy' = 'nginx') {
  const fleet = new Fleet()
  let revision = 0
  const happen = (change: Change) => {
    revision += 1
    fleet.apply([{ revision, event: { version: 1, at: revision, by: 'test', change } }])
  }
  for (const id of ids) {
    happen({ kind: 'node-joined', node: node(id) })
    happen({ kind: 'node-attached', node: id, attachment: { replica: 'r', session: id } })
  }
  const sent: GatewayFiles[] = []
  const clock = { now: 42 }
  const sink = new FileSink({
    gateway: 'edge',
    proxy,
    render: proxy === 'nginx' ? renderNginx : renderEnvoyFiles,
    mode,
    fleet,
    send: (files) => sent.push(files),
    inspect: async () => undefined,
    now: () => clock.now,
  })
  const proven = (files: GatewayFiles | undefined): GatewayOutcome => ({
    state: 'proven',
    version: files?.version ?? '',
    revision: files?.revision ?? 0,
    quarantined: [],
    reloaded: true,
    tookMs: 5,
  })
  return { fleet, happen, sink, sent, proven, clock }
}

t.test('what every connected node of the gateway has proven is proven', async (t) => {
  const { sink, sent, proven, happen } = sinkOver(['n-a', 'n-b'])
  sink.take(table(1, 2), 4)
  t.match(sink.status(), { proven: undefined, state: 'behind', remarks: [/not answered/, /not answered/] })
  t.equal(sink.explain('basic-1').state, 'unknown')
  sink.outcome('n-a', proven(sent[0]))
  t.equal(sink.status().proven, undefined)
  sink.outcome('n-b', proven(sent[0]))
  t.match(sink.status(), { proven: { revision: 4, at: 42 }, state: 'following', remarks: [] })
  t.equal(sink.explain('basic-1').state, 'shown')
  t.equal(sink.explain('basic-3').state, 'absent')

  sink.take(table(1), 5)
  sink.outcome('n-a', proven(sent[1]))
  t.equal(sink.explain('basic-2').state, 'shown', 'one of them may still call it')
  happen({ kind: 'contact-changed', node: 'n-b', contact: 'suspect', session: 'n-b' })
  sink.outcome('n-a', proven(sent[1]))
  t.equal(sink.explain('basic-2').state, 'absent', 'who is out of contact proves nothing')
})

t.test('equal tables are sent once, and prove every revision since', async (t) => {
  const { sink, sent, proven, fleet, happen } = sinkOver(['n-a'])
  const same = table(1)
  sink.take(same, 2)
  sink.outcome('n-a', proven(sent[0]))
  happen({ kind: 'frozen', reason: 'drill' })
  happen({ kind: 'thawed', reason: '' })
  sink.take(same, fleet.revision)
  sink.take(table(1), fleet.revision)
  t.equal(sent.length, 1)
  t.match(sink.status(), { proven: { revision: 4 }, figures: { sets: 1, reloads: 1 } })
})

t.test('a set stays urgent until the removal is proven', async (t) => {
  const { sink, sent, proven } = sinkOver(['n-a'])
  sink.take(table(1, 2), 2)
  sink.outcome('n-a', proven(sent[0]))
  sink.take(table(1), 3)
  sink.take(table(1, 3), 4)
  t.strictSame(
    sent.map(({ urgent }) => urgent),
    [false, true, true],
  )
  sink.outcome('n-a', proven(sent[2]))
  sink.take(table(1, 3, 4), 5)
  t.equal(sent[3]?.urgent, false)
})

t.test('what not every node has proven is taken away as urgently', async (t) => {
  const { sink, sent, proven } = sinkOver(['n-a', 'n-b'])
  sink.take(table(1), 2)
  for (const node of ['n-a', 'n-b']) sink.outcome(node, proven(sent[0]))
  sink.take(table(1, 2), 3)
  sink.outcome('n-a', proven(sent[1]))
  sink.take(table(1), 4)
  t.strictSame(
    sent.map(({ urgent }) => urgent),
    [false, false, true],
  )
})

t.test('rejections, blockades and quarantines name the node and the place in the declaration', async (t) => {
  const { sink, sent } = sinkOver(['n-a'])
  sink.take(table(1), 2)
  const version = sent[0]?.version ?? ''
  const path = sent[0]?.files.find((file) => file.source === 'routes.yaml:5')?.path ?? ''
  const cases: readonly { readonly outcome: GatewayOutcome; readonly state: string; readonly says: RegExp }[] = [
    {
      outcome: { state: 'rejected', version, error: 'bad', path, line: 3 },
      state: 'blocked',
      says: /routes\.yaml:5.*bad/,
    },
    { outcome: { state: 'rejected', version, error: 'bad' }, state: 'blocked', says: /name of n-a rejected .*bad/ },
    {
      outcome: { state: 'blocked', version, error: 'other.conf' },
      state: 'blocked',
      says: /cannot take any change: other/,
    },
    { outcome: { state: 'waiting', version, waitMs: 1_500 }, state: 'behind', says: /waits 2 s/ },
    {
      outcome: {
        state: 'proven',
        version,
        revision: 2,
        quarantined: [{ path, error: 'odd' }],
        reloaded: true,
        tookMs: 1,
      },
      state: 'following',
      says: /left .*routes\.yaml:5.* out: odd/,
    },
  ]
  for (const { outcome, state, says } of cases) {
    sink.outcome('n-a', outcome)
    t.match(sink.status(), { state, remarks: [says] })
  }
})

t.test('nothing is sent while frozen, or in mode observe', async (t) => {
  const frozen = sinkOver(['n-a'])
  frozen.happen({ kind: 'frozen', reason: 'drill' })
  frozen.sink.take(table(1), 3)
  t.strictSame(frozen.sent, [])
  t.equal(frozen.sink.status().state, 'frozen')
  const observing = sinkOver(['n-a'], 'observe')
  observing.sink.take(table(1), 2)
  t.strictSame(observing.sent, [])
  t.match(observing.sink.status(), { mode: 'observe', figures: { sets: 1 } })
})

t.test('without a connected node nothing is proven, and that is said', async (t) => {
  const { sink } = sinkOver([])
  sink.take(table(1), 1)
  t.match(sink.status(), { proven: undefined, remarks: [/last good set/] })
})

t.test('an Envoy by files is a sink of its kind, and what it left out is named by resource and place', async (t) => {
  const { sink, sent, proven } = sinkOver(['n-a'], 'apply', 'envoy')
  sink.take(table(1), 2)
  const path = 'heddle-edge-cds.json'
  const left = { path, resource: 'basic-server', error: 'odd' }
  sink.outcome('n-a', { ...proven(sent[0]), quarantined: [left] } as GatewayOutcome)
  t.match(sink.status(), {
    name: 'envoy:edge',
    kind: 'envoy',
    remarks: [/left "basic-server" of heddle-edge-cds.json \(routes.yaml:5\) out: odd/],
  })
  t.match(sink.explain('basic-1'), { sink: 'envoy:edge', state: 'shown' })
})

t.test('a node that never answers keeps a set from being proven, is named, and the lag grows', async (t) => {
  const { sink, sent, proven, clock, happen } = sinkOver(['n-a', 'n-b'], 'apply', 'envoy')
  sink.take(table(1), 4)
  sink.outcome('n-a', proven(sent[0]))
  clock.now += 60_000
  t.match(sink.status(), {
    state: 'behind',
    proven: undefined,
    remarks: ['name of n-b has not answered yet.'],
    figures: { lag_ms: 60_000, nodes: 2 },
  })
  happen({ kind: 'contact-changed', node: 'n-b', contact: 'lost', session: 'n-b' })
  sink.take(table(1), 5)
  t.match(sink.status(), { proven: { revision: 5 }, figures: { lag_ms: 0, nodes: 1 } })
})
