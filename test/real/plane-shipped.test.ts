import { cp } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import t from 'tap'
import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import { DeltaClient } from '#test/support/envoy/delta-client.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { freePorts } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'
import { shippedPlane } from '../../setup/bundle.ts'

t.setTimeout(120_000)

await t.test(
  'what is shipped of the plane runs far from its sources, answers Envoys and clients, and is backed up',
  async (t) => {
    await using folder = await temporaryFolder('shipped-plane')
    const [port = 0, xds = 0] = await freePorts(2)
    const { program, env } = await shippedPlane()
    const script = program.at(-1) ?? ''
    const options = program.slice(0, -1)
    // Nothing of the checkout is above it there: no packages, no sources.
    const there = join(folder.path, 'lib')
    await cp(dirname(dirname(script)), there, { recursive: true, filter: (path) => !path.endsWith('.map') })
    const moved = join(there, basename(dirname(script)), basename(script))
    await writeYaml(join(folder.path, 'routes.yaml'), {
      gateways: { edge: { proxy: 'envoy', listeners: [{ address: '127.0.0.1', port: 1 }] } },
      routes: [{ prefix: '/crm', service: 'crm', path: 'keep' }],
    })
    const configuration = await writeYaml(join(folder.path, 'plane.yaml'), {
      api: { port },
      journal: { path: join(folder.path, 'journal.db') },
      routing: { xds: { port: xds }, declaration: join(folder.path, 'routes.yaml') },
    })
    await using plane = await spawnProcess(process.execPath, [...options, moved, configuration], {
      cwd: folder.path,
      env,
    })
    const url = `http://127.0.0.1:${port}`
    await plane.ready(
      'its own health page',
      60_000,
      async (ended) => (await fetch(`${url}/health`, { signal: ended })).ok,
    )
    const registered = await fetch(`${url}/cluster/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        service_id: 'crm-1',
        service_name: 'crm',
        service_url: 'http://127.0.0.1:9',
        node_id: 'n',
      }),
    })
    t.ok(registered.ok)
    using envoy = new DeltaClient(xds, loadEnvoyDefinitions())
    envoy.hello('edge')
    await waitFor(() => envoy.answers[0], { what: 'the clusters', withinMs: 30_000 })
    t.strictSame(envoy.answers[0]?.names, ['crm'])
    const backup = await fetch(`${url}/v1/backup`)
    t.match({ status: backup.status, bytes: (await backup.arrayBuffer()).byteLength }, { status: 200, bytes: /[1-9]/ })
    const version = await spawnProcess(process.execPath, [moved, '--version'], { cwd: folder.path })
    await version.exited
    t.match(version.output, /^\d+\.\d+\.\d+/)
  },
)
