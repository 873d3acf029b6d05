import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { run } from '#cli/program.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { startEnvoy, validateEnvoy } from '#test/support/envoy.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts, projectFolder } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)
const skip = missingParts(['envoy']).length > 0 ? 'Envoy is not ready on this machine' : false

async function bootstrap(...args: readonly string[]): Promise<string> {
  const { terminal, out, err } = capturedTerminal()
  const code = await run(['envoy', 'bootstrap', ...args], terminal)
  t.equal(code, 0, err())
  return out()
}

t.test('the example of the documentation is what the command writes', async (t) => {
  const example = await readFile(join(projectFolder, 'docs/examples/envoy.yaml'), 'utf8')
  const written = await bootstrap('--gateway', 'edge', '--xds', '127.0.0.1:18000', '--id', 'edge-1')
  t.strictSame(parse(written), parse(example))
})

t.test('Envoy takes what is written, asks the plane by it, and proves what it gets', { skip }, async (t) => {
  const [port = 0, adminPort = 0] = await freePorts(2)
  const declaration = `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${port} }] }
routes:
  - { exact: /hello, answer: { status: 200, body: hello } }
`
  await using plane = await RunningPlane.start({ declaration })
  await using folder = await temporaryFolder('bootstrap')
  const file = join(folder.path, 'envoy.yaml')
  const where = ['--xds', `127.0.0.1:${plane.xdsPort}`, '--admin', `127.0.0.1:${adminPort}`]
  await writeFile(file, await bootstrap('--gateway', 'edge', ...where, '--max-heap', '512', '--max-connections', '100'))
  const { accepted, output } = await validateEnvoy(file)
  t.ok(accepted, output)
  t.notMatch(output, /\[warning\].*(?:deprecated|overload)/i)
  await using envoy = await startEnvoy({ bootstrap: file, adminPort })
  await waitFor(() => plane.get<StatusView>('/v1/status'), {
    ...{ what: 'its proof', withinMs: 30_000, everyMs: 100 },
    until: ({ sinks }) => sinks.some(({ name, state }) => name === 'envoy:edge' && state === 'following'),
  })
  t.equal(await (await fetch(`http://127.0.0.1:${port}/hello`)).text(), 'hello')
  const stats = await envoy.stats('overload|downstream_cx_total')
  t.ok(
    [...stats.keys()].some((name) => name.includes('fixed_heap')),
    'memory is watched',
  )
})
