import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { PlanView } from '#shared/protocol/routing-api.ts'
import { answering } from '#test/support/answering.ts'
import { Connections } from '#test/support/connections.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { portOf } from '#test/support/envoy-files.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts, programOf } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)
const missing = missingParts(['envoy', 'nginx'])
const skip = missing.length > 0 ? `not ready on this machine: ${missing.join(', ')}` : false
const withinMs = 40_000

/** Of 10,000 requests: how many go where. The second host makes a second virtual host of an Envoy, with the same routes in it. */
const asked = [
  { gateway: 'stream', route: 'few', path: '/few/x', requests: 200 },
  { gateway: 'stream', route: 'few', path: '/few/x', requests: 300, host: 'api.example.com' },
  { gateway: 'stream', route: 'some', path: '/some', requests: 1_000 },
  { gateway: 'stream', route: 'hosted', path: '/hosted', requests: 500, host: 'api.example.com' },
  { gateway: 'stream', route: 'many', path: '/many', requests: 2_000 },
  { gateway: 'files', route: 'few', path: '/few', requests: 100 },
  { gateway: 'files', route: 'hosted', path: '/hosted', requests: 400, host: 'api.example.com' },
  { gateway: 'files', route: 'many', path: '/many', requests: 2_500 },
  { gateway: 'side', route: 'few', path: '/few', requests: 150 },
  { gateway: 'side', route: 'some', path: '/some', requests: 850 },
  { gateway: 'side', route: 'hosted', path: '/hosted', requests: 500, host: 'api.example.com' },
  { gateway: 'side', route: 'many', path: '/many', requests: 1_500 },
] as const
const routes = ['few', 'some', 'hosted', 'many'] as const
const gateways = ['stream', 'files', 'side'] as const

t.test('of 10,000 requests the plan knows how many went where, through each kind of proxy', { skip }, async (t) => {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder('radius'))
  const [stream = 0, files = 0, side = 0, admin = 0, filesAdmin = 0, proof = 0] = await freePorts(6)
  const ports = { stream, files, side }
  /** As it is, or with something else about one route or one gateway. */
  const declared = ({ route = '', gateway = '' }: { readonly route?: string; readonly gateway?: string } = {}) => {
    const also = (name: string) => (name === gateway ? 'health_path: /healthy, ' : '')
    const retries = (name: string) => (name === route ? 3 : 1)
    const listeners = (port: number) => `listeners: [{ address: 127.0.0.1, port: ${port} }]`
    return `gateways:
  stream: { proxy: envoy, ${also('stream')}${listeners(stream)} }
  files: { proxy: envoy, delivery: files, ${also('files')}${listeners(files)} }
  side: { proxy: nginx, access_log: ${folder.path}/side.log, ${also('side')}${listeners(side)} }
routes:
  - { name: few, prefix: /few, service: web, path: keep, retries: ${retries('few')} }
  - { name: some, prefix: /some, service: web, path: keep, retries: ${retries('some')} }
  - { name: hosted, prefix: /hosted, hosts: [api.example.com], service: web, path: keep, retries: ${retries('hosted')} }
  - { name: many, prefix: /many, service: web, path: keep, retries: ${retries('many')} }
`
  }
  const web = portOf(await answering(t, (_, response) => response.end('{"status":"ok"}')))
  const plane = stack.use(await RunningPlane.start({ declaration: declared() }))
  const own = [
    {
      ...{ name: 'side', proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
      ...{ proof: `127.0.0.1:${proof}`, reloads_per_minute: 600, retry_every: '100ms' },
      ...(process.getuid?.() === 0 && { user: 'root' }),
    },
    {
      ...{ name: 'files', proxy: 'envoy', binary: programOf('envoy'), run: true, workers: 1 },
      admin: `127.0.0.1:${filesAdmin}`,
    },
  ]
  const services = [{ name: 'web', port: web, checks: [{ kind: 'http', path: '/', interval: '500ms' }] }]
  const envoys = [{ gateway: 'stream', admin: `127.0.0.1:${admin}` }]
  stack.use(await RunningAgent.start({ planes: [plane.url], services, more: { gateways: own, envoys } }))
  const envoy = stack.use(await startXdsEnvoy(plane.xdsPort, { cluster: 'stream', adminPort: admin }))

  const connections = stack.use(new Connections())
  const early = new Map<string, number>()
  for (const gateway of gateways) {
    const before = connections.answered
    const ready = () => connections.status(ports[gateway], '/few')
    await waitFor(ready, { what: `an answer of ${gateway}`, withinMs, until: (status) => status === 200 })
    early.set(gateway, connections.answered - before)
  }
  const radius = async (text: string) => {
    const body = JSON.stringify({ files: [{ file: 'routes.yaml', text }] })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${plane.url}/v1/routing/plan`, { method: 'POST', headers, body })
    const { requests } = ((await answer.json()) as PlanView).radius
    return requests ?? { concerned: 0, all: 0 }
  }
  await Promise.all(
    gateways.map(async (gateway) => {
      for (const { path, requests, ...each } of asked.filter((each) => each.gateway === gateway)) {
        await connections.ask(ports[gateway], path, requests, 'host' in each ? each.host : undefined)
      }
    }),
  )
  const sum = (fits: (each: (typeof asked)[number]) => boolean) =>
    asked.reduce((all, each) => all + (fits(each) ? each.requests : 0), 0)
  const ofEarly = [...early.values()].reduce((all, each) => all + each, 0)
  const total = sum(() => true) + ofEarly
  t.equal(connections.answered, total)
  const known = async () => (await radius(declared({ route: 'few' }))).all
  t.equal(await waitFor(known, { what: 'all counts', withinMs, until: (all) => all >= total }), total)

  // What was asked until each was ready went to the first route, some of it before there was an instance.
  for (const route of routes) {
    const { concerned, all } = await radius(declared({ route }))
    const expected = sum((each) => each.route === route) + (route === 'few' ? ofEarly : 0)
    t.ok(Math.abs(concerned - expected) <= (route === 'few' ? ofEarly : 0), `${route}: ${concerned} of ${all}`)
  }
  for (const gateway of gateways) {
    const { concerned } = await radius(declared({ gateway }))
    const expected = sum((each) => each.gateway === gateway) + (early.get(gateway) ?? 0)
    t.ok(Math.abs(concerned - expected) <= (early.get(gateway) ?? 0), `${gateway}: ${concerned}`)
  }
  const file = join(folder.path, 'new.yaml')
  await writeFile(file, declared({ route: 'many' }))
  t.match((await plane.heddle('plan', file)).out, /requests +\d+(?:\.\d+)?% of the last hour \(6000 of \d+\)/)

  // Another life of the same Envoy counts from zero, and all of it comes on top.
  await envoy.kill()
  await envoy.start()
  const before = connections.answered
  const again = () => connections.status(stream, '/many')
  await waitFor(again, { what: 'an answer of the new one', withinMs, until: (status) => status === 200 })
  await connections.ask(stream, '/many', 150)
  const more = connections.answered - before
  t.equal(await waitFor(known, { what: 'the new counts', withinMs, until: (all) => all >= total + more }), total + more)
})
