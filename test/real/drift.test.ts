import { glob, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { DriftView } from '#shared/protocol/drift.ts'
import { startConsul } from '#test/support/consul.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { missingParts, programOf } from '#test/support/parts.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)
const missing = missingParts(['consul', 'nginx', 'envoy'])
const skip = missing.length > 0 ? `not ready on this machine: ${missing.join(', ')}` : false

type Row = {
  readonly Node: string
  readonly ServiceID: string
  readonly ServicePort: number
  readonly ServiceMeta: object
}

t.test('what somebody changed by hand is seen, and set right when asked for', { skip }, async (t) => {
  await using stack = new AsyncDisposableStack()
  const consul = stack.use(await startConsul({ datacenter: 'dc1' }))
  const [edge = 0, side = 0, proof = 0] = await freePorts(3)
  const declaration = `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${edge} }] }
  side: { proxy: nginx, listeners: [{ address: 127.0.0.1, port: ${side} }] }
routes:
  - { prefix: /web, service: web, path: keep }
`
  // Nothing is found by itself for as long as this test takes.
  const calm = { compare_every: '1h', wake_gap: '1h' }
  const mirror = { ...calm, datacenters: [{ name: 'dc1', address: consul.url }], freshness: { watch: '1s' } }
  const plane = stack.use(await RunningPlane.start({ declaration, settings: { mirror } }))
  const server = createServer((_request, response) => response.end('{"status":"ok"}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const gateway = {
    ...{ name: 'side', proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
    ...{ proof: `127.0.0.1:${proof}`, reloads_per_minute: 600, retry_every: '100ms', compare_every: '1h' },
    ...(process.getuid?.() === 0 && { user: 'root' }),
  }
  const services = [{ name: 'web', port, checks: [{ kind: 'http', path: '/', interval: '500ms' }] }]
  const agent = stack.use(await RunningAgent.start({ planes: [plane.url], services, more: { gateways: [gateway] } }))
  stack.use(await startXdsEnvoy(plane.xdsPort))

  const drift = () => plane.get<DriftView>('/v1/drift')
  const sees = (what: string, until: (view: DriftView) => boolean) =>
    waitFor(drift, { what, withinMs: 30_000, until, everyMs: 200 })
  const row = async () => {
    const [found] = await consul.request<readonly Row[]>('GET', '/v1/catalog/service/web')
    if (!found) throw new Error('web is not in the catalogue')
    return found
  }
  const { sinks } = await sees('all to be equal', (view) => view.sinks.every(({ state }) => state === 'equal'))
  t.strictSame(sinks.map(({ name }) => name).sort(), ['consul:dc1', 'envoy:edge', 'nginx:side'])
  t.match(await plane.heddle('drift'), { code: 0, out: /nothing differs/ })

  // What is frozen is looked at, and left as it is.
  t.match(await plane.heddle('freeze', '--reason', 'drill'), { code: 0 })
  const { Node, ServiceID, ServiceMeta } = await row()
  const tampered = { ID: ServiceID, Service: 'web', Port: 1, Meta: ServiceMeta }
  await consul.request('PUT', '/v1/catalog/register', { Node, SkipNodeUpdate: true, Service: tampered })
  const listeners = await fileOf(agent.stateDir, 'heddle-side-listeners.conf')
  const before = await readFile(listeners, 'utf8')
  await writeFile(listeners, `${before}# by hand\n`)
  await writeFile(join(dirname(listeners), 'heddle-side-extra.conf'), '# by hand\n')

  const shown = await plane.heddle('drift')
  t.match(shown, { code: 1, out: /2 sinks of 3 differ/ })
  t.match(
    shown.out,
    /nginx:side: drifted\n {2}~ heddle-side-listeners\.conf on .* \(changed\)\n {2}\+ heddle-side-extra\.conf on /,
  )
  t.match(shown.out, new RegExp(`~ .*web.* on ${Node} \\(changed\\)`))
  const json = JSON.parse((await plane.heddle('drift', '--json', '--sink', 'nginx:side')).out) as DriftView
  t.match(json.sinks, [{ name: 'nginx:side', state: 'drifted', differences: [{ kind: 'changed' }, { kind: 'added' }] }])
  t.equal(await readFile(listeners, 'utf8'), `${before}# by hand\n`, 'looking changes nothing')

  t.match(await plane.heddle('drift', '--repair', '--sink', 'consul:dc1', '--timeout', '4s'), {
    code: 1,
    err: /frozen/,
  })
  await plane.heddle('thaw')

  t.match(await plane.heddle('drift', '--repair'), { code: 0, out: /nothing differs/ })
  t.equal(await readFile(listeners, 'utf8'), before)
  t.equal((await row()).ServicePort, port)
})

t.test('one that is only observed is reported and left as it is', { skip }, async (t) => {
  await using consul = await startConsul({ datacenter: 'dc1' })
  const datacenters = [{ name: 'dc1', address: consul.url, mode: 'observe' }]
  await using plane = await RunningPlane.start({ settings: { mirror: { datacenters } } })
  const services = [{ name: 'web', port: await freePort(), checks: [{ kind: 'tcp' }] }]
  await using _agent = await RunningAgent.start({ planes: [plane.url], services })
  const { sinks } = await waitFor(() => plane.get<DriftView>('/v1/drift'), {
    ...{ what: 'the missing record', withinMs: 30_000, everyMs: 200 },
    until: (view) => view.sinks.some(({ state }) => state === 'drifted'),
  })
  t.match(sinks, [{ name: 'consul:dc1', mode: 'observe', differences: [{ kind: 'missing' }, { kind: 'missing' }] }])
  t.match(await plane.heddle('drift', '--repair', '--timeout', '10s'), {
    code: 1,
    out: /only observed: reported, not repaired/,
    err: /consul:dc1 is not repaired: it is only observed/,
  })
})

async function fileOf(folder: string, name: string): Promise<string> {
  for await (const path of glob(`**/${name}`, { cwd: folder })) {
    if (!path.includes('shadow') && !path.includes('good')) return join(folder, path)
  }
  throw new Error(`${folder} has no ${name}`)
}
