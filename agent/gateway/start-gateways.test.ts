import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { GatewayOutcome } from '#shared/protocol/gateway.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { setOf, startGateway } from '#test/support/gateway.ts'
import { programOf } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import { findWorkersIn, readMaster, readMasterTitle, readWorkers } from './nginx/read-workers.ts'
import { startGateways } from './start-gateways.ts'

t.setTimeout(60_000)

const text = async (port: number) => (await fetch(`http://127.0.0.1:${port}/`)).text()
const answering = (port: number, answer: string) =>
  `server { listen 127.0.0.1:${port}; location / { return 200 "${answer}"; } }\n`
const often = { managed: true, run: true, reloads_per_minute: 600 }

await t.test('a set for a gateway that is not here is rejected', async (t) => {
  const outcomes: [string, GatewayOutcome][] = []
  await using gateways = startGateways([], {
    log: createLogger({ name: 'test', level: 'silent' }),
    stateDir: '/nowhere',
    onOutcome: (name, outcome) => outcomes.push([name, outcome]),
    signal: new AbortController().signal,
  })
  gateways.take('edge', setOf('v1', {}))
  t.match(outcomes, [['edge', { state: 'rejected', version: 'v1', error: 'this node runs no gateway edge' }]])
  t.strictSame(gateways.status(), [])
})

await t.test('a gateway waits for an Nginx that is not installed yet', async (t) => {
  await using folder = await temporaryFolder('binary')
  const binary = join(folder.path, 'nginx')
  await using gateway = await startGateway({ ...often, binary })
  t.match(await gateway.serve(setOf('v1', {}), 'blocked'), { error: /there is no program/ })
  await writeFile(`${binary}.new`, `#!/bin/sh\nexec ${programOf('nginx')} "$@"\n`)
  await chmod(`${binary}.new`, 0o755)
  await rename(`${binary}.new`, binary)
  await gateway.outcome('v1')
})

await t.test('its processes are read as they are', async (t) => {
  await using gateway = await startGateway(often)
  const port = await freePort()
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  const home = join(gateway.stateDir, 'gateway/edge/nginx')
  const master = (await readMaster(join(home, 'nginx.pid'))) ?? 0
  t.match(await readMasterTitle(master), `${home}/nginx.conf`)
  const workers = await readWorkers(master)
  t.match(workers, [{ state: 'serving' }, { state: 'serving' }])
  t.strictSame([...(await findWorkersIn(home))].sort(), workers.map(({ pid }) => pid).sort())
  t.equal(await readMasterTitle(process.pid), undefined)
  t.equal(await readMaster(join(home, 'nginx.conf')), undefined)
})

await t.test('an Nginx that cannot prove a set gets back what it had', async (t) => {
  await using gateway = await startGateway({ ...often, proof_timeout: '700ms', hasten: false })
  const port = await freePort()
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  const home = join(gateway.stateDir, 'gateway/edge/nginx')
  const [stuck] = await findWorkersIn(home)
  // A worker that hangs goes on holding its connections, whatever it is told.
  process.kill(stuck ?? 0, 'SIGSTOP')
  const outcome = await gateway.serve(setOf('v2', { listeners: answering(port, 'two') }), 'rejected')
  t.match(outcome.error, /does not prove the new files within 700 ms, 1 workers of the old generation go on/)
  t.equal(await readFile(join(home, 'conf/heddle-edge-listeners.conf'), 'utf8'), answering(port, 'one'))
  process.kill(stuck ?? 0, 'SIGCONT')
  await gateway.serve(setOf('v3', { listeners: answering(port, 'three') }))
  t.equal(await text(port), 'three')
})

await t.test('too many draining generations make others wait, and a removal end the oldest', async (t) => {
  await using gateway = await startGateway({ ...often, draining_generations: 1, workers: 1 })
  const port = await freePort()
  const home = join(gateway.stateDir, 'gateway/edge/nginx')
  await gateway.serve(setOf('v1', { listeners: answering(port, 'one') }))
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n'))
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  const master = (await readMaster(join(home, 'nginx.pid'))) ?? 0
  // A request that has begun keeps its worker.
  await waitFor(() => text(port), { what: 'the request before this one to be taken', withinMs: 20_000 })
  await gateway.serve(setOf('v2', { listeners: answering(port, 'two') }))
  t.match(await gateway.serve(setOf('v3', { listeners: answering(port, 'three') }), 'waiting'), { waitMs: 1000 })
  await gateway.serve(setOf('v4', { listeners: answering(port, 'four') }, { urgent: true }))
  t.equal(await text(port), 'four')
  await waitFor(() => readWorkers(master), { what: 'one worker', withinMs: 20_000, until: (all) => all.length === 1 })
})

await t.test("files beside an operator's main file are served by the operator's Nginx alone", async (t) => {
  await using folder = await temporaryFolder('operator')
  await mkdir(join(folder.path, 'conf.d'))
  await writeFile(join(folder.path, 'nginx.conf'), 'events {}\nhttp { include conf.d/*.conf; }\n')
  const settings = {
    prefix: folder.path,
    main_config: join(folder.path, 'nginx.conf'),
    folder: join(folder.path, 'conf.d'),
    pid_file: join(folder.path, 'nginx.pid'),
  }
  await using gateway = await startGateway(settings)
  const outcome = await gateway.serve(setOf('v1', { listeners: answering(await freePort(), 'one') }), 'blocked')
  t.match(outcome.error, /does not run|failed/)
})
