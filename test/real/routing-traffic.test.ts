import t from 'tap'
import type { PlanView } from '#shared/protocol/routing-api.ts'
import { answering } from '#test/support/answering.ts'
import { Connections } from '#test/support/connections.ts'
import { portOf } from '#test/support/envoy-files.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { programOf } from '#test/support/parts.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 30_000

await t.test('a plan knows the share of the requests that Envoy and Nginx have logged', async (t) => {
  await using folder = await temporaryFolder('traffic')
  const [edge = 0, side = 0] = await freePorts(2)
  const declaration = (retries: number) => `gateways:
  edge: { proxy: envoy, delivery: files, access_log: ${folder.path}/edge.log, listeners: [{ address: 127.0.0.1, port: ${edge} }] }
  side: { proxy: nginx, access_log: ${folder.path}/side.log, listeners: [{ address: 127.0.0.1, port: ${side} }] }
routes:
  - { prefix: /few, service: web, path: keep, retries: ${retries} }
  - { prefix: /many, service: web, path: keep }
`
  const web = portOf(await answering(t, (_, response) => response.end('{"status":"ok"}')))
  await using plane = await RunningPlane.start({ declaration: declaration(1) })
  const gateways = [
    {
      ...{ name: 'side', proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
      ...{ proof: `127.0.0.1:${await freePort()}`, reloads_per_minute: 600, retry_every: '100ms' },
      ...(process.getuid?.() === 0 && { user: 'root' }),
    },
    {
      ...{ name: 'edge', proxy: 'envoy', binary: programOf('envoy'), run: true, workers: 1 },
      admin: `127.0.0.1:${await freePort()}`,
    },
  ]
  const services = [{ name: 'web', port: web, checks: [{ kind: 'http', path: '/', interval: '500ms' }] }]
  await using _agent = await RunningAgent.start({ planes: [plane.url], services, more: { gateways } })
  using connections = new Connections()
  for (const port of [edge, side]) {
    const status = () => connections.status(port, '/few')
    await waitFor(status, { what: 'an answer', withinMs, until: (seen) => seen === 200 })
  }
  const plan = async () => {
    const body = JSON.stringify({ files: [{ file: 'routes.yaml', text: declaration(3) }] })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${plane.url}/v1/routing/plan`, { method: 'POST', headers, body })
    return ((await answer.json()) as PlanView).radius.requests
  }
  const known = async () => (await plan()) ?? { concerned: 0, all: 0 }
  // What was asked until the proxies were ready is counted too.
  const early = connections.answered
  for (const port of [edge, side]) {
    await connections.ask(port, '/few', 100)
    await connections.ask(port, '/many', 400)
  }
  const total = early + 1_000
  const { concerned, all } = await waitFor(known, { what: 'the counts', withinMs, until: (seen) => seen.all >= total })
  t.equal(connections.answered, total)
  t.equal(all, total)
  t.ok(concerned >= 200 && concerned <= 200 + early, `${concerned} of ${all}, ${early} of them early`)
})
