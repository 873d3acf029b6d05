import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { run } from '#cli/program.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { startEnvoy } from '#test/support/envoy.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)
const skip = missingParts(['envoy']).length > 0 ? 'Envoy is not ready on this machine' : false

t.test('an Envoy asks the plane by the certificate that the agent beside it keeps', { skip }, async (t) => {
  const [port = 0, adminPort = 0] = await freePorts(2)
  await using folder = await temporaryFolder('envoy-tls')
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
  const more = { identity: { token_file: plane.tokenFile } }
  await using agent = await RunningAgent.start({ planes: [plane.url], more })
  const enrolled = async () => JSON.parse(await agent.page('/health')).certificate.state === 'enrolled'
  await waitFor(enrolled, { what: 'its certificate', withinMs: 25_000 })

  const { terminal, out, err } = capturedTerminal()
  const where = ['--xds', `127.0.0.1:${plane.xdsPort}`, '--admin', `127.0.0.1:${adminPort}`]
  const identity = ['--identity', join(agent.stateDir, 'identity')]
  const limits = ['--max-heap', '512', '--max-connections', '100']
  const code = await run(['envoy', 'bootstrap', '--gateway', 'edge', ...where, ...identity, ...limits], terminal)
  t.equal(code, 0, err())
  const bootstrap = join(folder.path, 'envoy.yaml')
  await writeFile(bootstrap, out())
  await using envoy = await startEnvoy({ bootstrap, adminPort })
  await waitFor(() => plane.get<StatusView>('/v1/status'), {
    ...{ what: 'its proof', withinMs: 30_000, everyMs: 100 },
    until: ({ sinks }) => sinks.some(({ name, state }) => name === 'envoy:edge' && state === 'following'),
  })
  t.equal(await (await fetch(`http://127.0.0.1:${port}/hello`)).text(), 'hello')
  const stats = await envoy.stats('heddle-xds.ssl.handshake')
  t.ok(
    [...stats.values()].some((count) => count > 0),
    'over TLS',
  )
})
