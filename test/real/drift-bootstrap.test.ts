import t from 'tap'
import { exampleBootstrap, startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { startEnvoy } from '#test/support/envoy.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { declared, drifts, listening, service } from '#test/support/routing/drifting.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(150_000)
const skip = missingParts(['envoy']).length > 0 ? 'Envoy is not ready on this machine' : false

t.test(
  'what stands in the bootstrap of an Envoy in place of ours is named, and left to people',
  { skip },
  async (t) => {
    await using stack = new AsyncDisposableStack()
    const [port = 0, admin = 0] = await freePorts(2)
    const plane = stack.use(await RunningPlane.start({ declaration: declared(port) }))
    const first = await listening(stack)
    const envoys = [{ gateway: 'edge', admin: `127.0.0.1:${admin}` }]
    const agent = { planes: [plane.url], services: [service('web', first)], more: { envoys } }
    stack.use(await RunningAgent.start(agent))
    const bootstrap = await exampleBootstrap(plane.xdsPort, 'edge')
    const { static_resources: own } = bootstrap as { static_resources: { clusters: object[]; listeners?: object[] } }
    own.clusters.push({ name: 'theirs', type: 'STATIC', load_assignment: { cluster_name: 'theirs' } })
    const tcp = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'
    const proxy = { name: 'tcp', typed_config: { '@type': tcp, stat_prefix: 'tcp', cluster: 'theirs' } }
    const address = { socket_address: { address: '127.0.0.1', port_value: port } }
    own.listeners = [{ name: `port-${port}`, address, filter_chains: [{ filters: [proxy] }] }]
    stack.use(await startEnvoy({ bootstrap, adminPort: admin }))
    const sees = drifts(plane)
    const { differences } = await sees('the listener of its own', ({ state }) => state === 'drifted')
    t.match(
      differences.find(({ what }) => what.startsWith('listener')),
      {
        kind: 'changed',
        what: `listener "port-${port}": its own bootstrap has one of this name, which stays`,
        at: 'edge-1',
      },
    )
    t.ok(
      differences.every(({ what }) => !what.includes('theirs')),
      'what is under other names is its own business',
    )
    t.match(await plane.heddle('drift', '--repair', '--timeout', '4s'), { code: 1, out: /its own bootstrap has one/ })
  },
)

t.test('an Envoy at whose admin page nobody looks is judged by its word, and that is said', { skip }, async (t) => {
  await using stack = new AsyncDisposableStack()
  const [port = 0, admin = 0, other = 0] = await freePorts(3)
  const plane = stack.use(await RunningPlane.start({ declaration: declared(port) }))
  stack.use(await startXdsEnvoy(plane.xdsPort, { adminPort: admin }))
  const sees = drifts(plane)
  const blind = await sees('it to be equal', ({ state }) => state === 'equal')
  t.match(blind.remarks, [/^edge-1: judged by what was confirmed/])
  const envoys = [
    { gateway: 'edge', admin: `127.0.0.1:${other}` },
    { gateway: 'other', admin: `127.0.0.1:${admin}` },
  ]
  stack.use(await RunningAgent.start({ planes: [plane.url], services: [], more: { envoys } }))
  const { remarks } = await sees('it to be unknown', ({ state }) => state === 'unknown')
  t.match(remarks[0], /the Envoy at 127\.0\.0\.1:\d+: .*ECONNREFUSED/)
})
