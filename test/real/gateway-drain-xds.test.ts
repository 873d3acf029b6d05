import t from 'tap'
import { startTellingInstance } from '#test/support/agents/telling-instance.ts'
import { Balancer } from '#test/support/balancer.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import type { EnvoyServer } from '#test/support/envoy.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { drive } from '#test/support/traffic.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const skip = missingParts(['envoy']).length > 0 ? 'Envoy is not ready on this machine' : false
const withinMs = 30_000

await t.test(
  'Envoys that ask the plane are drained, replaced and back again, without a failed request',
  { skip },
  async (t) => {
    await using crm = await startTellingInstance()
    const [one = 0, two = 0, oneAdmin = 0, twoAdmin = 0] = await freePorts(4)
    const gateway = (port: number) =>
      `{ proxy: envoy, health_path: /healthz, listeners: [{ address: 127.0.0.1, port: ${port} }] }`
    await using plane = await RunningPlane.start({
      declaration: `
gateways: { one: ${gateway(one)}, two: ${gateway(two)} }
routes:
  - { prefix: /, service: crm, path: keep }
`,
    })
    const services = [{ name: 'crm', port: crm.port, checks: [{ kind: 'http', interval: '1s' }] }]
    const envoys = [{ gateway: 'one', admin: `127.0.0.1:${oneAdmin}`, drain_notice: '1s' }]
    await using _instance = await RunningAgent.start({
      planes: [plane.url],
      services,
      more: { node: { name: 'crm-1' } },
    })
    await using _beside = await RunningAgent.start({ planes: [plane.url], more: { node: { name: 'edge-1' }, envoys } })
    await using first = await startXdsEnvoy(plane.xdsPort, { cluster: 'one', id: 'one', adminPort: oneAdmin })
    await using second = await startXdsEnvoy(plane.xdsPort, { cluster: 'two', id: 'two', adminPort: twoAdmin })
    await using balancer = await new Balancer({ gateways: [one, two], healthPath: '/healthz' }).start()
    const upTo = (what: string, count: number) =>
      waitFor(() => balancer.up, { what, withinMs, everyMs: 20, until: (up) => up.length === count })
    await upTo('both gateways', 2)
    await waitFor(() => fetch(`${balancer.url}/x`).then(({ status }) => status), {
      ...{ what: 'the first answer', withinMs, everyMs: 50, until: (status) => status === 200 },
    })
    await using traffic = drive({ url: `${balancer.url}/x`, perSecond: 100, connections: 'kept' })
    const again = async (port: number, envoy: EnvoyServer) => {
      t.strictSame(balancer.up.includes(port), false, 'the balancer has left it')
      const { pid } = envoy
      await envoy.stop()
      // It may be told to drain at once, and is not ready then.
      await envoy.start('admin')
      t.not(envoy.pid, pid)
    }

    // Beside the first is an agent, which has it drain with its node.
    const drained = await plane.heddle('drain', 'edge-1', '--reason', 'newer version', '--wait', '--timeout', '60s')
    t.equal(drained.code, 0, drained.err)
    t.match(drained.err, `one@127.0.0.1:${oneAdmin} drained`)
    await again(one, first)
    await waitFor(() => first.admin('/server_info'), {
      ...{ what: 'the new one to drain as well', withinMs, everyMs: 50, until: (text) => text.includes('"DRAINING"') },
    })
    const back = await plane.heddle('undrain', 'edge-1', '--wait', '--timeout', '60s')
    t.equal(back.code, 0, back.err)
    await upTo('the first again', 2)

    // Beside the second is none: what its service manager runs before it ends it.
    const own = ['--admin', `127.0.0.1:${twoAdmin}`]
    const alone = await plane.heddle('envoy', 'drain', ...own, '--notice', '1s')
    t.equal(alone.code, 0, alone.err)
    await again(two, second)
    await upTo('the second again', 2)
    t.equal((await plane.heddle('envoy', 'drain', ...own, '--notice', '0s')).code, 0)
    t.equal((await plane.heddle('envoy', 'undrain', ...own)).code, 0)
    t.match(await second.admin('/server_info'), /"LIVE"/)
    t.equal((await plane.heddle('envoy', 'drain', '--admin', '127.0.0.1:1')).code, 3, 'none is there')

    const { sent, failed, ...rest } = await traffic.stop()
    t.strictSame(balancer.failures, [])
    t.equal(failed, 0, JSON.stringify(rest))
    t.ok(sent > 20, `${sent} requests`)
  },
)
