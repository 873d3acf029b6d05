import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { run } from '#cli/program.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { programOf, projectFolder } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(120_000)

/** The command as a process of its own. */
async function heddle(...args: readonly string[]) {
  const run = promisify(execFile)(process.execPath, [join(projectFolder, 'cli/heddle.ts'), ...args])
  return run.then(
    ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}

/** The same within this process, which takes less time. */
async function quickly(...args: readonly string[]) {
  const { terminal, out, err } = capturedTerminal()
  const code = await run(args, terminal)
  return { code, stdout: out(), stderr: err() }
}

await t.test('files that contradict each other are not imported before somebody says whose word stands', async (t) => {
  await using folder = await temporaryFolder('import')
  const { path } = folder
  const former = (manager: string, port: string) =>
    `cluster_manager_url: ${manager}\nnode_config:\n  node_id: zervi-1\n  port: ${port}\nheartbeat_interval: 30s\n`
  await writeFile(join(path, 'a.yaml'), former('http://127.0.0.1:8888', '8080'))
  await writeFile(join(path, 'b.yaml'), former('http://10.0.0.3:8888', '"8080"'))
  await writeFile(join(path, 'inventory.csv'), '站点,节点,主机\n腾讯云,zervi-1,10.0.0.1\n')
  const at = (name: string) => join(path, name)
  const files = ['a.yaml', 'b.yaml', 'inventory.csv'].map(at)

  const refused = await heddle('import', 'config', ...files, '--out', at('new'))
  t.match(refused, {
    code: 1,
    stdout:
      /manager of the installation: \S*a\.yaml:1 cluster_manager_url says .*; \S*b\.yaml:1 cluster_manager_url says /,
  })
  t.match(refused.stdout, /1 contradiction:/)
  t.notOk((await readdir(path)).includes('new'), 'nothing is written')

  t.match(await quickly('import', 'config', ...files, '--prefer', at('a.yaml')), { code: 0, stdout: /Would write/ })
  t.notOk((await readdir(path)).includes('new'), 'showing writes nothing')
  t.match(await quickly('import', 'config', ...files, '--prefer', 'c.yaml'), { code: 2 })
  const prefer = ['--prefer', at('a.yaml'), '--out', at('new')]
  t.match(await quickly('import', 'config', ...files, ...prefer), { code: 0, stdout: /Written to \S*new:/ })
  t.match(await readFile(join(path, 'new/agents/zervi-1.yaml'), 'utf8'), /site: 腾讯云\n {2}address: 10\.0\.0\.1\n/)
  t.match(await quickly('import', 'config', ...files, ...prefer), { code: 2, stderr: /there already/ })
  t.match(await quickly('import', 'config', ...files, ...prefer, '--force'), { code: 0 })
  t.match(await quickly('import', 'config', at('nothing.yaml')), { code: 1, stderr: /CONFIG_UNREADABLE/ })
  await writeFile(join(path, 'latin1.yaml'), Buffer.from('node_id: caf\xe9\n', 'latin1'))
  t.match(await quickly('import', 'config', at('latin1.yaml')), { code: 1, stderr: /is not UTF-8/ })

  // The programs themselves take what was written.
  const imported = ['new/agents/zervi-1.yaml', 'new/control-plane.yaml'].map(at)
  const { stdout } = await quickly('doctor', ...imported, '--json')
  const said: readonly { readonly check: string; readonly level: string; readonly text: string }[] =
    JSON.parse(stdout).findings
  t.strictSame(
    said.filter(({ check, level }) => check === 'files' && level === 'ok').map(({ text }) => text.split(' ')[0]),
    imported,
  )
})

await t.test('the doctor finds who claims and who holds a port, before anything starts', async (t) => {
  await using folder = await temporaryFolder('doctor')
  const { path } = folder
  await using server = await startBasicServer({ name: 'squatter' })
  const [xds = 0, admin = 0, listener = 0] = await freePorts(3)
  await writeYaml(join(path, 'routes.yaml'), {
    gateways: { edge: { proxy: 'nginx', listeners: [{ port: listener }] } },
  })
  const plane = {
    api: { port: server.port },
    journal: { path: join(path, 'heddle.db') },
    routing: { declaration: join(path, 'routes.yaml'), xds: { port: xds } },
  }
  await writeYaml(join(path, 'plane.yaml'), plane)
  const nginx = { proxy: 'nginx', binary: programOf('nginx'), managed: true }
  const agent = (more: object) => ({
    planes: [`http://127.0.0.1:${server.port}`],
    state_dir: join(path, 'agent'),
    admin: { port: admin },
    gateways: [{ ...nginx, name: 'edge', proof: `127.0.0.1:${xds}` }],
    ...more,
  })
  await writeYaml(join(path, 'agent.yaml'), agent({ services: [{ name: 'crm', port: listener }] }))

  const files = [join(path, 'plane.yaml'), join(path, 'agent.yaml')]
  const ill = await heddle('doctor', ...files)
  t.equal(ill.code, 1)
  t.match(
    ill.stdout,
    new RegExp(
      `port ${server.port} is claimed by the control plane's API \\(\\S*plane.yaml:2\\) and held by basic-server.ts \\(pid ${server.pid}`,
    ),
  )
  t.match(
    ill.stdout,
    new RegExp(`port ${xds} is claimed by the control plane's xDS .* and by the proof of gateway edge`),
  )
  t.match(ill.stdout, new RegExp(`port ${listener} is claimed by the service crm .* and by a listener of gateway edge`))
  t.match(ill.stdout, /3 things must be mended/)

  const [api = 0, proof = 0] = await freePorts(2)
  await writeYaml(join(path, 'plane.yaml'), { ...plane, api: { port: api } })
  await writeYaml(
    join(path, 'agent.yaml'),
    agent({ planes: [`http://127.0.0.1:${api}`], gateways: [{ ...nginx, name: 'edge', proof: `127.0.0.1:${proof}` }] }),
  )
  const well = await quickly('doctor', ...files, '--json')
  t.equal(well.code, 0)
  t.match(JSON.parse(well.stdout), { healthy: true })
  t.match(well.stdout, /is to be started from these files/)

  await writeYaml(join(path, 'unmounted.yaml'), { ...plane, journal: { path: join(path, 'volume/heddle.db') } })
  t.match(await quickly('doctor', join(path, 'unmounted.yaml')), { code: 1, stdout: /journal.path .* is not there/ })
  await writeYaml(join(path, 'stranger.yaml'), { planes: [server.url], state_dir: path, admin: { port: admin } })
  t.match(await quickly('doctor', join(path, 'stranger.yaml')), {
    code: 0,
    stdout: new RegExp(`warning +what answers at ${server.url} is no control plane: status 200 for /health`),
  })

  await writeFile(join(path, 'bad.yaml'), 'planes: []\nservices: [{name: a, port: eighty}]\n')
  t.match(await quickly('doctor', join(path, 'bad.yaml')), {
    code: 1,
    stdout: /bad\.yaml:2 services\[0\]\.port: expected a port/,
  })
  t.match(await quickly('doctor', join(path, 'nothing.yaml')), { code: 1, stdout: /nothing\.yaml cannot be read/ })
  await writeFile(join(path, 'file'), '')
  await writeYaml(join(path, 'file.yaml'), {
    planes: ['http://127.0.0.1:1'],
    state_dir: join(path, 'file/state'),
    admin: { port: admin },
  })
  t.match(await quickly('doctor', join(path, 'file.yaml')), { code: 1, stdout: /file is no folder/ })
})
