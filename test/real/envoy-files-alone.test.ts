import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { emptyFiles } from '#agent/gateway/envoy/bootstrap.ts'
import { findRunning } from '#agent/gateway/envoy/run-envoy.ts'
import { answering } from '#test/support/answering.ts'
import { startEnvoy } from '#test/support/envoy.ts'
import { bodyOf, bootstrapOf, envoySetOf, fileNames, filesFolder, portOf } from '#test/support/envoy-files.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { startEnvoyGateway } from '#test/support/gateway.ts'
import { programOf, projectFolder } from '#test/support/parts.ts'
import { canListen, freePort, freePorts } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)

await t.test('an agent that starts again serves the last good set before any plane speaks to it', async (t) => {
  await using gateway = await startEnvoyGateway()
  const port = await freePort()
  const server = portOf(await answering(t, (_, response) => response.end('served')))
  const set = envoySetOf(plainTable(port, [plainRoute('/', 'a')], { a: [plainEndpoint(server)] }))
  await gateway.serve(set)
  await gateway.stop()
  await t.rejects(bodyOf(port), 'an agent that stops in order ends its Envoy')
  const from = gateway.outcomes.length
  gateway.start()
  t.match(await gateway.outcome(set.version, 'proven', from), { revision: set.revision, quarantined: [] })
  t.equal(await bodyOf(port), 'served')

  // Without an order from anybody, an Envoy that dies is back with what it served.
  const pid = (await findRunning(bootstrapOf(gateway))) ?? 0
  process.kill(pid, 'SIGKILL')
  await waitFor(() => bodyOf(port), { what: 'the next Envoy', withinMs: 15_000, until: (text) => text === 'served' })
  t.not(await findRunning(bootstrapOf(gateway)), pid)
})

await t.test('an agent that stops in order lets its Envoy answer what it has', async (t) => {
  await using gateway = await startEnvoyGateway()
  const port = await freePort()
  const answer = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const server = await answering(t, async (_, response) => {
    asked.resolve()
    await answer.promise
    response.end('late')
  })
  await gateway.serve(envoySetOf(plainTable(port, [plainRoute('/', 'a')], { a: [plainEndpoint(portOf(server))] })))
  const late = bodyOf(port)
  await asked.promise
  const stopped = gateway.stop()
  await waitFor(() => canListen(port), { what: 'no new connections', withinMs: 10_000 })
  answer.resolve()
  t.equal(await late, 'late')
  await stopped
})

for (const { name, draining } of [
  { name: 'an agent that is killed leaves its Envoy serving, and the next one takes it over', draining: false },
  { name: 'an Envoy whose agent was killed when it was about to end it is replaced by the next one', draining: true },
]) {
  await t.test(name, async (t) => {
    await using folder = await temporaryFolder('gateway')
    const [port = 0, admin = 0] = await freePorts(2)
    const server = portOf(await answering(t, (_, response) => response.end('served')))
    const config = {
      name: 'edge',
      proxy: 'envoy',
      binary: programOf('envoy'),
      run: true,
      admin: `127.0.0.1:${admin}`,
      workers: 1,
    }
    const script = join(projectFolder, 'test/support/run-gateway.ts')
    const run = (...args: readonly string[]) =>
      spawnProcess(process.execPath, [script, folder.path, JSON.stringify(config), ...args], { orphanSignal: 'TERM' })
    const bootstrap = join(folder.path, 'gateway/edge/envoy', fileNames.bootstrap)
    const set = envoySetOf(plainTable(port, [plainRoute('/', 'a')], { a: [plainEndpoint(server)] }))
    const first = await run(JSON.stringify(set))
    await first.ready('its proof', 20_000, () => first.output.includes('"proven"'))
    const good = join(folder.path, 'gateway/edge/good/set.json')
    await waitFor(() => readFile(good, 'utf8'), { what: 'the set to be kept', withinMs: 10_000 })
    const pid = await findRunning(bootstrap)
    await first.kill()
    t.equal(await bodyOf(port), 'served')
    if (draining) {
      for (const order of ['/healthcheck/fail', '/drain_listeners']) {
        await fetch(`http://127.0.0.1:${admin}${order}`, { method: 'POST' })
      }
    }
    {
      await using second = await run()
      await second.ready('its proof', 20_000, () => second.output.includes('"proven"'))
      t.equal(await bodyOf(port), 'served')
      t.equal((await findRunning(bootstrap)) === pid, !draining)
    }
    t.equal(await findRunning(bootstrap), undefined, 'an agent that stops in order ends the Envoy that it took over')
  })
}

await t.test('an Envoy of the operator serves the last good files with neither plane nor agent', async (t) => {
  await using gateway = await startEnvoyGateway({ run: false })
  const port = await freePort()
  const server = portOf(await answering(t, (_, response) => response.end('served')))
  const table = (path: string) => plainTable(port, [plainRoute(path, 'a')], { a: [plainEndpoint(server)] })
  t.match(await gateway.serve(envoySetOf(table('/one')), 'blocked'), { error: /no Envoy answers at .*finds the files/ })
  await using envoy = await startEnvoy({
    bootstrap: bootstrapOf(gateway),
    adminPort: portOf(`http://${gateway.proof}`),
  })
  const set = envoySetOf(table('/two'))
  await gateway.serve(set)
  await gateway.stop()
  await envoy.kill()
  await envoy.start()
  t.equal(await bodyOf(port, '/two'), 'served')

  const from = gateway.outcomes.length
  gateway.start()
  t.match(await gateway.outcome(set.version, 'proven', from), { tookMs: Number })
})

await t.test('what answers as another gateway is not touched', async (t) => {
  await using gateway = await startEnvoyGateway({ run: false })
  await using _ = await startEnvoy({
    bootstrap: { node: { id: 'x', cluster: 'another' } },
    adminPort: portOf(`http://${gateway.proof}`),
  })
  const table = plainTable(await freePort(), [], {})
  t.match(await gateway.serve(envoySetOf(table), 'blocked'), { error: /an Envoy of the gateway "another"/ })
  t.match(
    await readFile(join(filesFolder(gateway), fileNames.listeners), 'utf8'),
    emptyFiles(fileNames).get(fileNames.listeners) ?? '',
  )
})

await t.test('a file that somebody changed or took away is put right', async (t) => {
  await using gateway = await startEnvoyGateway({ compare_every: '200ms' })
  const port = await freePort()
  const server = portOf(await answering(t, (_, response) => response.end('served')))
  await gateway.serve(envoySetOf(plainTable(port, [plainRoute('/', 'a')], { a: [plainEndpoint(server)] })))
  const file = join(filesFolder(gateway), fileNames.clusters)
  const before = await readFile(file, 'utf8')
  await writeFile(file, 'nonsense')
  await waitFor(() => readFile(file, 'utf8'), { what: 'our file', withinMs: 15_000, until: (now) => now === before })
  t.equal(await bodyOf(port), 'served')
})
