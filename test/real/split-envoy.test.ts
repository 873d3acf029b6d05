import { request } from 'node:http'
import t from 'tap'
import type { WholeSplitView } from '#shared/protocol/split-api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { answering } from '#test/support/answering.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { portOf } from '#test/support/envoy-files.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)
const missing = missingParts(['envoy'])
const skip = missing.length > 0 ? `not ready on this machine: ${missing.join(', ')}` : false
const withinMs = 60_000

const split = (canary: string, more = '') =>
  `{ canary: { service: ${canary} }, by: { header: x-user-id }, steps: [50%, 100%], hold: 0s, gate: { requests: 40${more} } }`

await t.test(
  'the counters of an Envoy that asks the plane take a failing canary back, and promote one that is well',
  { skip },
  async (t) => {
    let broken = false
    const server = (name: string) =>
      answering(t, ({ url }, response) => {
        const fails = broken && name === 'crm-next' && url !== '/health'
        response.writeHead(fails ? 500 : 200, { 'x-side': name }).end('{"status":"ok"}')
      })
    const names = ['crm', 'crm-next', 'erp', 'erp-next']
    const services: object[] = []
    for (const name of names) {
      const checks = [{ kind: 'http', path: '/health', interval: '500ms' }]
      services.push({ name, port: portOf(await server(name)), checks })
    }
    const [port = 0, admin = 0] = await freePorts(2)
    await using plane = await RunningPlane.start({
      declaration: `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${port} }] }
splits:
  crm: ${split('crm-next')}
  erp: ${split('erp-next', ', slower: 10000')}
routes:
  - { prefix: /crm, service: crm, path: keep }
  - { prefix: /erp, service: erp, path: keep }
`,
    })
    const envoys = [{ gateway: 'edge', admin: `127.0.0.1:${admin}` }]
    await using _agent = await RunningAgent.start({ planes: [plane.url], services, more: { envoys } })
    await using _envoy = await startXdsEnvoy(plane.xdsPort, { adminPort: admin })

    const ask = (service: string, user: string) =>
      new Promise<string>((resolve) => {
        const headers = { 'x-user-id': user }
        const outgoing = request({ host: '127.0.0.1', port, path: `/${service}`, headers, agent: false })
        outgoing.on('response', (answer) => answer.resume().on('end', () => resolve(String(answer.headers['x-side']))))
        outgoing.on('error', () => resolve('nobody'))
        outgoing.end()
      })
    const sides = (service: string) =>
      Promise.all(Array.from({ length: 20 }, (_, index) => ask(service, `user-${index}`)))
    const allOn = (side: string) => (seen: readonly string[]) => seen.every((each) => each === side)
    const read = (service: string) => plane.get<WholeSplitView>(`/v1/routing/splits/${service}`)

    for (const service of ['crm', 'erp']) {
      await waitFor(() => sides(service), { what: `all on ${service}`, withinMs, until: allOn(service) })
      const start = () => plane.heddle('split', 'start', service, '--reason', 'release 2')
      await waitFor(start, { what: `the start of ${service}`, withinMs, until: ({ code }) => code === 0 })
      const both = (seen: readonly string[]) => seen.includes(service) && seen.includes(`${service}-next`)
      await waitFor(() => sides(service), { what: `both sides of ${service}`, withinMs, until: both })
    }
    const under = await plane.get<StatusView>('/v1/status')
    t.match(under.splits, [
      { service: 'crm', phase: 'running' },
      { service: 'erp', phase: 'running' },
    ])

    broken = true
    const look = async () => {
      await Promise.all([sides('crm'), sides('erp')])
      return [(await read('crm')).phase, (await read('erp')).phase]
    }
    const ended = ([crm, erp]: readonly (string | undefined)[]) => crm === 'aborted' && erp === 'kept'
    await waitFor(look, { what: 'one back and one promoted', withinMs, until: ended })
    await waitFor(() => sides('crm'), { what: 'all back', withinMs, until: allOn('crm') })
    await waitFor(() => sides('erp'), { what: 'all on the new one', withinMs, until: allOn('erp-next') })

    const back = (await read('crm')).transitions.at(-1)
    t.match(back, {
      by: 'gate',
      reason: 'too_many_errors',
      why: /the canary failed \d+ of \d+/,
      measured: { canary: {} },
    })
    t.ok((back?.measured?.canary?.errors ?? 0) > 0)
    t.equal(back?.measured?.baseline?.errors, 0)
    const [, ...promoted] = (await read('erp')).transitions
    t.match(promoted, [
      { by: 'gate', phase: 'running', step: '100%', measured: { canary: { errors: 0 }, baseline: { errors: 0 } } },
      { by: 'gate', phase: 'kept', reason: 'gate_passed' },
    ])
    for (const { measured } of promoted) t.ok((measured?.canary?.requests ?? 0) >= 40, 'enough were counted')
    t.type(promoted[0]?.measured?.canary?.p95_ms, 'number', 'and how long they took')

    t.match((await plane.heddle('status')).out, /crm is aborted.*\n +gate: too_many_errors: the canary failed/)
    const metrics = await (await fetch(`${plane.url}/metrics`)).text()
    t.match(metrics, 'heddle_split_state{service="crm",state="aborted"} 1')
    t.match(metrics, 'heddle_split_canary_share{service="erp"} 1')
  },
)
