import t from 'tap'
import { startTellingInstance } from '#test/support/agents/telling-instance.ts'
import { Balancer } from '#test/support/balancer.ts'
import { missingParts, programOf } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { drive } from '#test/support/traffic.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const skip = missingParts(['envoy', 'nginx']).length > 0 ? 'the proxies are not ready on this machine' : false
const withinMs = 30_000

const statusOf = async (port: number) => {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(5_000) })
  return `${response.status} ${await response.text()}`
}

await t.test('gateways are drained, replaced and back again without a failed request', { skip }, async (t) => {
  await using crm = await startTellingInstance()
  const [nginxPort = 0, envoyPort = 0, proof = 0, admin = 0] = await freePorts(4)
  await using plane = await RunningPlane.start({
    declaration: `
gateways:
  by-nginx: { proxy: nginx, health_path: /healthz, listeners: [{ address: 127.0.0.1, port: ${nginxPort} }] }
  by-envoy: { proxy: envoy, delivery: files, health_path: /healthz, listeners: [{ address: 127.0.0.1, port: ${envoyPort} }] }
routes:
  - { prefix: /, service: crm, path: keep }
`,
  })
  const drain_notice = '1s'
  const nginx = {
    ...{ name: 'by-nginx', managed: true, run: true, binary: programOf('nginx'), workers: 2, drain_notice },
    proof: `127.0.0.1:${proof}`,
    // The folders of a test may be closed to others.
    ...(process.getuid?.() === 0 && { user: 'root' }),
  }
  const envoy = {
    ...{ name: 'by-envoy', proxy: 'envoy', run: true, binary: programOf('envoy'), workers: 1, drain_notice },
    admin: `127.0.0.1:${admin}`,
  }
  const services = [{ name: 'crm', port: crm.port, checks: [{ kind: 'http', interval: '1s' }] }]
  const agentWith = (name: string, gateway: object, more: { services?: object[] } = {}) =>
    RunningAgent.start({ planes: [plane.url], ...more, more: { node: { name }, gateways: [gateway] } })
  await using _instance = await RunningAgent.start({ planes: [plane.url], services, more: { node: { name: 'crm-1' } } })
  await using nginxAgent = await agentWith('edge-1', nginx)
  await using envoyAgent = await agentWith('edge-2', envoy)
  await using balancer = await new Balancer({ gateways: [nginxPort, envoyPort], healthPath: '/healthz' }).start()
  const upTo = (what: string, count: number) =>
    waitFor(() => balancer.up, { what, withinMs, everyMs: 20, until: (up) => up.length === count })
  await upTo('both gateways', 2)
  await waitFor(() => fetch(`${balancer.url}/x`).then(({ status }) => status), {
    ...{ what: 'the first answer', withinMs, everyMs: 50, until: (status) => status === 200 },
  })

  await using traffic = drive({ url: `${balancer.url}/x`, perSecond: 100, connections: 'kept' })
  for (const { node, port, agent } of [
    { node: 'edge-1', port: nginxPort, agent: nginxAgent },
    { node: 'edge-2', port: envoyPort, agent: envoyAgent },
  ]) {
    const drained = await plane.heddle('drain', node, '--reason', 'newer version', '--wait', '--timeout', '60s')
    t.equal(drained.code, 0, drained.err)
    t.match(drained.err, /by-\w+ drained/)
    t.notOk(balancer.up.includes(port), 'the balancer has left it')
    t.equal(await statusOf(port), '503 {"status":"draining"}\n')
    await agent.stop()
    await t.rejects(statusOf(port), 'the agent that stops in order has ended its proxy')
    await agent.start()
    const still = await plane.heddle('desired', node)
    t.match(still.out, /gateways/)
    await waitFor(() => statusOf(port).catch(() => ''), {
      ...{ what: `${node} to drain still`, withinMs, everyMs: 20, until: (status) => status.startsWith('503') },
    })
    const back = await plane.heddle('undrain', node, '--wait', '--timeout', '60s')
    t.equal(back.code, 0, back.err)
    t.equal(await statusOf(port), '200 {"status":"serving"}\n')
    await upTo(`${node} to be back`, 2)
    const before = balancer.sentTo(port)
    await waitFor(() => balancer.sentTo(port), {
      ...{ what: `requests through ${node}`, withinMs, everyMs: 20, until: (count) => count > before + 20 },
    })
  }
  const { sent, failed, ...rest } = await traffic.stop()
  t.strictSame(balancer.failures, [])
  t.equal(failed, 0, JSON.stringify(rest))
  t.ok(sent > 20, `${sent} requests`)
})
