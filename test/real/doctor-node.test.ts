import { cp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { run } from '#cli/program.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { diagnosed, ills } from '#test/support/doctor.ts'
import { startEnvoy } from '#test/support/envoy.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// A node of a secured installation, by real processes: what its agent says, its certificate, and the way of its Envoy.
t.setTimeout(150_000)
const withoutEnvoy = missingParts(['envoy']).length > 0 ? 'Envoy is not ready on this machine' : false

await using folder = await temporaryFolder('doctor-node')
const [adminPort = 0, envoyPort = 0, port = 0] = await freePorts(3)
const routes = join(folder.path, 'routes.yaml')
await writeFile(
  routes,
  `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${port} }] }
routes:
  - { exact: /hello, answer: { status: 200, body: hello } }
`,
)
await using plane = await TlsPlane.start({ routing: { declaration: routes } })
await using agent = await RunningAgent.start({
  ...{ planes: [plane.url], adminPort },
  more: { identity: { token_file: plane.tokenFile } },
})
const state = async () => JSON.parse(await agent.page('/health')).session.state
await waitFor(state, { what: 'its session', withinMs: 25_000, until: (said) => said === 'connected' })

const config = (more: object = {}) => ({
  planes: [plane.url],
  state_dir: agent.stateDir,
  admin: { port: adminPort },
  ...more,
})
const told = (only: string, more: object = {}) => diagnosed(folder.path, config(more), only)

await t.test('a node that is well is told of with its certificate and the plane that hears it', async (t) => {
  const found = await told('identity,plane,agent,helper')
  t.strictSame(ills(found), [])
  for (const said of [
    /^the certificate of n-\w+ \(installation .* holds until 2/,
    /^the agent n-\w+ .* is heard by https:/,
  ])
    t.ok(
      found.some(({ text }) => said.test(text)),
      String(said),
    )
})

await t.test('a plane of another installation is told from one that is known, whichever the step', async (t) => {
  await using other = await TlsPlane.start()
  const [ill = '', ...more] = ills(await told('plane', { planes: [other.url] }))
  t.match(
    ill,
    /step TLS, .*nobody who is believed .*→ It is a plane of another installation .*heddle-agent enroll https:/,
  )
  t.strictSame(more, [])
  const fresh = ills(await told('identity,plane', { state_dir: join(folder.path, 'fresh') })).join('\n')
  t.match(fresh, /there is no certificate in .*fresh/)
  t.match(fresh, /nobody who is believed .*→ This node is not enrolled yet: `heddle-agent enroll/)
})

await t.test('a certificate that is not that of the key beside it is found', async (t) => {
  const copy = join(folder.path, 'copy')
  await cp(agent.stateDir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') })
  await cp(join(plane.folder, 'heddle-ca.pem'), join(copy, 'identity/certificate.pem'))
  t.match(ills(await told('identity', { state_dir: copy })), [
    /^error: what lies in .* is no certificate of a node → .*enroll/,
  ])
  await rm(join(copy, 'identity/certificate.pem'))
  t.match(ills(await told('identity', { state_dir: copy })), [/^warning: there is no certificate/])
})

await t.test("the plane's own xDS is asked over TLS, and without a certificate nothing is given", async (t) => {
  const mine = (xds: number) =>
    diagnosed(
      folder.path,
      { routing: { xds: { port: xds, tls: true } }, journal: { path: join(plane.folder, 'journal.db') } },
      'xds',
    )
  const found = await mine(plane.xdsPort)
  t.strictSame(ills(found), [])
  t.match(found, [{ text: /answers over TLS and wants a certificate of a node/ }])
  t.match(await mine(port), [{ level: 'ok', text: /is to be started/ }])
  t.match(ills(await mine(Number(new URL(plane.url).port))), [/does not answer as a plane does|step TLS/])
})

await t.test('the way of an Envoy is that which it goes itself', { skip: withoutEnvoy }, async (t) => {
  const envoys = [{ gateway: 'edge', admin: `127.0.0.1:${envoyPort}` }]
  const { terminal, out } = capturedTerminal()
  const where = ['--xds', `127.0.0.1:${plane.xdsPort}`, '--admin', `127.0.0.1:${envoyPort}`]
  const limits = ['--max-heap', '512', '--max-connections', '100']
  const identity = ['--identity', join(agent.stateDir, 'identity')]
  await run(['envoy', 'bootstrap', '--gateway', 'edge', ...where, ...identity, ...limits], terminal)
  const bootstrap = join(folder.path, 'envoy.yaml')
  await writeFile(bootstrap, out())
  {
    await using _envoy = await startEnvoy({ bootstrap, adminPort: envoyPort })
    const found = await told('xds', { envoys })
    t.strictSame(ills(found), [])
    t.match(found, [{ text: new RegExp(`ask a plane, 127\\.0\\.0\\.1:${plane.xdsPort} .* lets this node in`) }])
    t.equal(
      (await plane.get<{ readonly sinks: readonly { readonly name: string }[] }>('/v1/status')).sinks.filter(
        ({ name }) => name.startsWith('envoy:'),
      ).length,
      1,
      'nobody takes the doctor for an Envoy',
    )
    const revoked = await plane.ask(`/v1/identities/${await node()}/revoke`, {
      ...{ method: 'POST', body: { reason: 'a test', by: 'a test' } },
    })
    t.equal(revoked.status, 200, revoked.body)
    t.match(ills(await told('xds', { envoys })), [/^error: .*step authenticate, .*→ `heddle identity show/])
  }
})

await t.test('an agent that no plane hears, that has ended, or that is another program is told of', async (t) => {
  await plane.stop()
  const lost = await waitFor(() => told('agent'), {
    ...{ what: 'it to say so', withinMs: 20_000, everyMs: 200 },
    until: (found) => ills(found).some((ill) => ill.startsWith('error')),
  })
  t.match(ills(lost), [/^error: no plane hears the agent n-\w+ .* for \d+ s/])
  await agent.stop()
  t.match(await told('agent'), [{ level: 'ok', text: /^no agent runs by .*patient\.yaml yet/ }])
  const server = createServer((_, response) => response.end('hello')).listen(adminPort, '127.0.0.1')
  t.teardown(() => server.close())
  t.match(ills(await told('agent')), [/^error: what answers at .* is no agent: status 200 .*→ Stop it/])
})

async function node(): Promise<string> {
  return JSON.parse(await agent.page('/health')).node
}
