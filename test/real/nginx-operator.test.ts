import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type Folder, temporaryFolder } from '#test/support/folder.ts'
import { setOf, startGateway } from '#test/support/gateway.ts'
import { type NginxServer, nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { freePort } from '#test/support/ports.ts'

// An Nginx that is not the agent's: its main file is the operator's, and so are other files in the same folder.
t.setTimeout(120_000)

const text = async (port: number, path = '/') => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
const answering = (port: number, answer: string) =>
  `server { listen 127.0.0.1:${port}; location / { return 200 "${answer}"; } }\n`

/** Writes the files of an operator; the main one is `nginx.conf`, and the gateway's folder is `conf.d`. */
async function operator(files: Readonly<Record<string, string>>, http = 'include conf.d/*.conf;'): Promise<Folder> {
  const folder = await temporaryFolder('operator')
  await mkdir(join(folder.path, 'conf.d'))
  await mkdir(join(folder.path, 'sites'))
  await mkdir(join(folder.path, 'temp'))
  const all = { 'nginx.conf': `worker_shutdown_timeout 5s;\n${nginxConfiguration(http)}`, ...files }
  for (const [name, content] of Object.entries(all)) await writeFile(join(folder.path, name), content)
  return folder
}

const settings = ({ path }: Folder) => ({
  prefix: path,
  main_config: join(path, 'nginx.conf'),
  folder: join(path, 'conf.d'),
  pid_file: join(path, 'nginx.pid'),
  reloads_per_minute: 600,
})

const reloads = (nginx: NginxServer) => nginx.output.split('(SIGHUP) received').length - 1

await t.test('a set is served beside the files of others', async (t) => {
  const [port, theirs] = [await freePort(), await freePort()]
  await using folder = await operator({ 'conf.d/00-theirs.conf': answering(theirs, 'theirs') })
  await using nginx = await startNginx({ prefix: folder.path })
  await using gateway = await startGateway(settings(folder))
  t.match(await gateway.serve(setOf('v1', { listeners: answering(port, 'one') })), { reloaded: true, quarantined: [] })
  t.equal(await text(port), 'one')
  t.equal(await text(theirs), 'theirs')
  t.ok(nginx.pid, 'it is the same Nginx')
})

await t.test('an agent that starts again over a running Nginx reloads nothing', async (t) => {
  const port = await freePort()
  await using folder = await operator({})
  await using nginx = await startNginx({ prefix: folder.path })
  await using gateway = await startGateway(settings(folder))
  const set = setOf('v1', { listeners: answering(port, 'one') })
  await gateway.serve(set)
  const before = reloads(nginx)
  await gateway.stop()
  t.equal(await text(port), 'one', 'Nginx goes on without the agent')
  gateway.outcomes.length = 0
  gateway.start()
  t.match(await gateway.outcome('v1'), { reloaded: false })
  t.match(await gateway.serve(set), { reloaded: false })
  t.equal(reloads(nginx), before)
})

await t.test(
  'a broken file of others blocks, what serves goes on, and its repair lets the newest set through',
  async (t) => {
    const port = await freePort()
    await using folder = await operator({})
    await using nginx = await startNginx({ prefix: folder.path })
    await using gateway = await startGateway(settings(folder))
    await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
    const before = reloads(nginx)
    const theirs = join(folder.path, 'conf.d/zz-theirs.conf')
    await writeFile(theirs, 'server {\n  listen 127.0.0.1:1;\n  proxy_pass http://no-such-host.invalid;\n}\n')
    const { error } = await gateway.serve(setOf('v2', { listeners: answering(port, 'two') }), 'blocked')
    t.match(error, /"proxy_pass" directive is not allowed here in zz-theirs\.conf:3/)
    await gateway.serve(setOf('v3', { listeners: answering(port, 'three') }, { urgent: true }), 'blocked')
    t.equal(await text(port), 'one')
    t.equal(reloads(nginx), before)
    await rm(theirs)
    t.match(await gateway.outcome('v3'), { reloaded: true })
    t.equal(await text(port), 'three')
    t.notOk(gateway.outcomes.some(({ version, state }) => version === 'v2' && state === 'proven'))
  },
)

await t.test('a set that collides with a file of others is rejected with its place', async (t) => {
  const port = await freePort()
  await using folder = await operator({ 'conf.d/zz-theirs.conf': 'upstream shared { server 127.0.0.1:9; }\n' })
  await using _nginx = await startNginx({ prefix: folder.path })
  await using gateway = await startGateway(settings(folder))
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  const collision = setOf('v2', { listeners: `upstream shared { server 127.0.0.1:9; }\n${answering(port, 'two')}` })
  t.match(await gateway.serve(collision, 'rejected'), {
    error: /duplicate upstream "shared" in zz-theirs\.conf:1/,
    path: join(folder.path, 'conf.d/zz-theirs.conf'),
    line: 1,
  })
  t.equal(await text(port), 'one')
})

await t.test(
  'the folder is found through nested includes, and files named relative to the main one are found',
  async (t) => {
    const port = await freePort()
    const http = 'include mime-of-ours.types;\ninclude sites/*.conf;'
    await using folder = await operator({ 'mime-of-ours.types': 'types { text/x-ours ours; }' }, http)
    await writeFile(join(folder.path, 'sites/a.conf'), 'include names.map;\n')
    await writeFile(join(folder.path, 'names.map'), 'map $host $theirs { default theirs; }\n')
    await writeFile(join(folder.path, 'sites/b.conf'), `include "${join(folder.path, 'conf.d')}/heddle-*.conf";\n`)
    await using _nginx = await startNginx({ prefix: folder.path })
    await using gateway = await startGateway(settings(folder))
    t.match(await gateway.serve(setOf('v1', { listeners: answering(port, '$theirs') })), { reloaded: true })
    t.equal(await text(port), 'theirs')
    const bad = await gateway.serve(
      setOf('v2', {
        listeners: answering(port, 'two'),
        'service-a': 'upstream heddle_edge__a { server 127.0.0.1:9 nonsense; }',
      }),
    )
    t.match(bad.quarantined, [
      { path: 'heddle-edge-service-a.conf', error: /invalid parameter "nonsense" in heddle-edge-service-a.conf:1/ },
    ])
  },
)

await t.test('a main file that does not include the folder is told, and what has to be added', async (t) => {
  await using folder = await operator({}, '')
  await using gateway = await startGateway(settings(folder))
  const { error } = await gateway.serve(setOf('v1', { listeners: '' }), 'blocked')
  t.match(error, /does not include the gateway's files: its http block needs "include .*conf\.d\/\*\.conf;"/)
})

await t.test('files wait for an Nginx that does not run, and are proven when it does', async (t) => {
  const port = await freePort()
  await using folder = await operator({})
  await using gateway = await startGateway(settings(folder))
  t.match(await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }), 'blocked'), { error: /does not run/ })
  await using _nginx = await startNginx({ prefix: folder.path })
  // It may have read them as it started, or be told to: whoever is first.
  t.match(await gateway.outcome('v1'), { state: 'proven' })
  t.equal(await text(port), 'one')
})

await t.test('requests on fresh connections never fail while sets are served', async (t) => {
  const port = await freePort()
  await using folder = await operator({})
  await using nginx = await startNginx({ prefix: folder.path })
  await using gateway = await startGateway({ ...settings(folder), reloads_per_minute: 600 })
  await gateway.serve(setOf('v0', { listeners: answering(port, 'v0') }))
  let done = false
  let asked = 0
  const ask = async () => {
    while (!done) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
      t.match(await answer.text(), /^v\d+$/)
      asked += 1
    }
  }
  const asking = Promise.all([ask(), ask()])
  for (let round = 1; round <= 10; round += 1) {
    await gateway.serve(setOf(`v${round}`, { listeners: answering(port, `v${round}`) }, { urgent: true }))
    t.equal(await text(port), `v${round}`, 'no worker of an older generation answers after the proof')
  }
  done = true
  await asking
  t.equal(reloads(nginx), 11)
  t.equal(nginx.output.split('start worker process ').length - 1, 12, 'no worker was started but by a reload')
  t.ok(asked > 10, `${asked} requests`)
  t.notMatch(nginx.output, /\[(alert|crit|emerg|error)\]/)
})
