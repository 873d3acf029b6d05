import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { setOf, startGateway } from '#test/support/gateway.ts'
import { programOf, projectFolder } from '#test/support/parts.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'

const childrenOf = async (pid: number) =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean)
t.setTimeout(150_000)

const text = async (port: number, path = '/') => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
const answering = (port: number, answer: string) =>
  `server { listen 127.0.0.1:${port}; location / { return 200 "${answer}"; } }\n`
const service = (name: string, address = '127.0.0.1:9') => `upstream heddle_edge__${name} { server ${address}; }\n`
const script = join(projectFolder, 'test/support/run-gateway.ts')
const often = { managed: true, run: true, reloads_per_minute: 600 }

await t.test('a set is tested, served and proven', async (t) => {
  await using gateway = await startGateway()
  const port = await freePort()
  const outcome = await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  t.match(outcome, { version: 'v1', quarantined: [], reloaded: false })
  t.equal(await text(port), 'one')
  t.match(await gateway.serve(setOf('v2', { listeners: answering(port, 'two') }, { urgent: true })), { reloaded: true })
  t.equal(await text(port), 'two')
})

await t.test('a thousand equal sets cause no reload', async (t) => {
  await using gateway = await startGateway()
  const port = await freePort()
  const files = { listeners: answering(port, 'one'), 'service-a': service('a') }
  await gateway.serve(setOf('v1', files))
  for (let round = 0; round < 1000; round += 1) {
    const outcome = await gateway.serve(setOf('v1', files, { revision: 100 + round }))
    if (outcome.reloaded || outcome.revision !== 100 + round) t.fail(`round ${round}`)
  }
  t.equal(gateway.reloads, 0)
})

await t.test('files that are no longer in the set are taken away, others are not touched', async (t) => {
  await using gateway = await startGateway(often)
  const port = await freePort()
  const folder = join(gateway.stateDir, 'gateway/edge/nginx/conf')
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one'), 'service-a': service('a') }))
  await writeFile(join(folder, 'theirs.conf'), 'nonsense')
  await writeFile(join(folder, 'heddle-edge.conf'), 'nonsense')
  await gateway.serve(setOf('v2', { listeners: answering(port, 'two') }))
  t.strictSame((await readdir(folder)).sort(), [
    'heddle-edge-listeners.conf',
    'heddle-edge-proof.conf',
    'heddle-edge.conf',
    'theirs.conf',
  ])
})

await t.test('a bad file is quarantined and the rest is served', async (t) => {
  await using gateway = await startGateway(often)
  const port = await freePort()
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one'), 'service-a': service('a') }))
  const bad = setOf('v2', {
    listeners: answering(port, 'two'),
    'service-a': 'upstream heddle_edge__a {\n  server 127.0.0.1:9 nonsense;\n}\n',
    'service-b': 'upstream heddle_edge__b { }\n',
  })
  const files = bad.files.map((file) => ({ ...file, source: 'routes.yaml:7' }))
  const outcome = await gateway.serve({ ...bad, files })
  t.strictSame(outcome.quarantined, [
    {
      path: 'heddle-edge-service-a.conf',
      error: 'invalid parameter "nonsense" in heddle-edge-service-a.conf:2 (declared at routes.yaml:7)',
    },
    {
      path: 'heddle-edge-service-b.conf',
      error: 'no servers are inside upstream in heddle-edge-service-b.conf:1 (declared at routes.yaml:7)',
    },
  ])
  t.equal(await text(port), 'two')
  const folder = join(gateway.stateDir, 'gateway/edge/nginx/conf')
  t.equal(
    await readFile(join(folder, 'heddle-edge-service-a.conf'), 'utf8'),
    service('a'),
    'its last good content serves',
  )
  t.notOk((await readdir(folder)).includes('heddle-edge-service-b.conf'), 'without one it is left out')
  t.match(await gateway.serve({ ...bad, files }), { reloaded: false, quarantined: outcome.quarantined })
  t.match(
    await gateway.serve(setOf('v3', { listeners: answering(port, 'three'), 'service-a': service('a', '127.0.0.1:8') })),
    {
      quarantined: [],
    },
  )
})

await t.test(
  'a listener whose port another process holds keeps its last good state, and the rest is served',
  async (t) => {
    await using gateway = await startGateway(often)
    const [port = 0, taken = 0] = await freePorts(2)
    await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
    const other = createServer().listen(taken, '127.0.0.1')
    t.teardown(() => other.close())
    const outcome = await gateway.serve(setOf('v2', { listeners: answering(taken, 'two'), 'service-a': service('a') }))
    t.match(outcome.quarantined, [{ path: 'heddle-edge-listeners.conf', error: /Address already in use/ }])
    t.equal(await text(port), 'one')
  },
)

for (const { name, files, error } of [
  { name: 'that includes others', files: { listeners: 'include /etc/passwd;' }, error: /include is not taken/ },
  { name: 'that loads code', files: { 'service-a': 'load_module x.so;' }, error: /load_module is not taken/ },
  { name: 'under the name of the proof', files: { proof: '' }, error: /agent's own/ },
]) {
  await t.test(`a set with a file ${name} is rejected, and traffic goes on`, async (t) => {
    await using gateway = await startGateway(often)
    const port = await freePort()
    await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
    t.match(await gateway.serve(setOf('v2', { listeners: answering(port, 'two'), ...files }), 'rejected'), { error })
    t.equal(await text(port), 'one')
    t.equal(gateway.reloads, 0)
    t.match(await gateway.serve(setOf('v3', { listeners: answering(port, 'three') })), { version: 'v3' })
    t.equal(await text(port), 'three')
  })
}

await t.test(
  'a removal is served at once while others wait for the budget, and the newest of those wins',
  async (t) => {
    await using gateway = await startGateway({ managed: true, run: true, reloads_per_minute: 1 })
    const port = await freePort()
    const serve = (version: string, urgent = false) =>
      setOf(version, { listeners: answering(port, version) }, { urgent })
    await gateway.serve(serve('v0'))
    await gateway.serve(serve('v1'))
    t.equal(gateway.reloads, 1)
    const { waitMs } = await gateway.serve(serve('v2'), 'waiting')
    t.ok(waitMs > 50_000 && waitMs <= 60_000, `it says that it waits ${waitMs} ms`)
    t.match(await gateway.serve(serve('v3'), 'waiting'), { version: 'v3' })
    t.equal(await text(port), 'v1')
    t.match(await gateway.serve(serve('v4', true)), { reloaded: true })
    t.equal(await text(port), 'v4')
    t.equal(gateway.reloads, 2)
  },
)

await t.test('an agent that starts again serves the last good set before any plane speaks to it', async (t) => {
  await using gateway = await startGateway(often)
  const port = await freePort()
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  await gateway.stop()
  await t.rejects(text(port), 'an agent that stops in order ends its Nginx')
  gateway.outcomes.length = 0
  gateway.start()
  await gateway.outcome('v1')
  t.equal(await text(port), 'one')
})

await t.test('what somebody changed in our files is set right', async (t) => {
  await using gateway = await startGateway({ ...often, compare_every: '200ms' })
  const port = await freePort()
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  const file = join(gateway.stateDir, 'gateway/edge/nginx/conf/heddle-edge-listeners.conf')
  await writeFile(file, 'nonsense')
  await waitFor(() => readFile(file, 'utf8'), {
    what: 'our file',
    withinMs: 20_000,
    until: (now) => now === answering(port, 'one'),
  })
  t.equal(await text(port), 'one')
})

await t.test('a link in the place of a file is replaced, never followed', async (t) => {
  await using gateway = await startGateway(often)
  await using elsewhere = await temporaryFolder('elsewhere')
  const port = await freePort()
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  const target = join(elsewhere.path, 'target')
  await writeFile(target, 'theirs')
  await symlink(target, join(gateway.stateDir, 'gateway/edge/nginx/conf/heddle-edge-service-a.conf'))
  await symlink(target, join(gateway.stateDir, 'gateway/edge/nginx/conf/.heddle-edge-service-a.conf.new'))
  await gateway.serve(setOf('v2', { listeners: answering(port, 'two'), 'service-a': service('a') }))
  t.equal(await readFile(target, 'utf8'), 'theirs')
})

await t.test('a master that dies is started again with what it served', async (t) => {
  await using gateway = await startGateway(often)
  const port = await freePort()
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  await gateway.serve(setOf('v2', { listeners: answering(port, 'two') }))
  const pidFile = join(gateway.stateDir, 'gateway/edge/nginx/nginx.pid')
  const before = Number(await readFile(pidFile, 'utf8'))
  await waitFor(() => childrenOf(before), {
    what: 'as many workers as there should be',
    withinMs: 20_000,
    until: (pids) => pids.length === 2,
  })
  process.kill(before, 'SIGKILL')
  await waitFor(async () => Number(await readFile(pidFile, 'utf8')), {
    what: 'another master',
    withinMs: 10_000,
    until: (pid) => pid > 0 && pid !== before,
  })
  t.equal(await text(port), 'two')
})

await t.test(
  'an agent that is killed leaves its Nginx serving, and the next one takes it over without a reload',
  async (t) => {
    await using folder = await temporaryFolder('gateway')
    const [port = 0, proof = 0] = await freePorts(2)
    const user = process.getuid?.() === 0 ? { user: 'root' } : {}
    const config = {
      ...often,
      ...user,
      name: 'edge',
      binary: programOf('nginx'),
      proof: `127.0.0.1:${proof}`,
      workers: 1,
    }
    const run = (...args: string[]) =>
      spawnProcess(process.execPath, [script, folder.path, JSON.stringify(config), ...args], { orphanSignal: 'TERM' })
    const pidOf = async () => Number(await readFile(join(folder.path, 'gateway/edge/nginx/nginx.pid'), 'utf8'))
    const first = await run(JSON.stringify(setOf('v1', { listeners: answering(port, 'one') })))
    await first.ready('its proof', 10_000, () => first.output.includes('"proven"'))
    const good = join(folder.path, 'gateway/edge/good/set.json')
    await waitFor(() => readFile(good, 'utf8'), { what: 'the set to be kept', withinMs: 20_000 })
    const master = await pidOf()
    await first.kill()
    t.equal(await text(port), 'one')
    {
      await using second = await run()
      await second.ready('its proof', 10_000, () => second.output.includes('"proven"'))
      t.match(JSON.parse(second.output), { version: 'v1', reloaded: false })
      t.equal(await pidOf(), master)
    }
    await t.rejects(text(port), 'an agent that stops in order ends the Nginx that it took over')
  },
)
