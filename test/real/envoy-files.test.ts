import { readdir, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { staticBootstrap } from '#agent/gateway/envoy/bootstrap.ts'
import { composed } from '#agent/gateway/envoy/compose.ts'
import { findRunning } from '#agent/gateway/envoy/run-envoy.ts'
import { contentsOf } from '#agent/gateway/file-set.ts'
import { envoyFileNames } from '#shared/protocol/gateway-names.ts'
import { answering } from '#test/support/answering.ts'
import { ask } from '#test/support/ask.ts'
import { startEnvoy, validateEnvoy } from '#test/support/envoy.ts'
import { bodyOf, bootstrapOf, envoySetOf, fileNames, filesFolder, portOf } from '#test/support/envoy-files.ts'
import { startEnvoyGateway } from '#test/support/gateway.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

t.setTimeout(150_000)

const timesIn = async (folder: string) =>
  Promise.all((await readdir(folder)).sort().map(async (name) => (await stat(join(folder, name))).mtimeMs))

await t.test('Envoy accepts the files of whatever table there is', async (t) => {
  const property = fc.asyncProperty(anyTable([8080, 8081, 8082]), async (table) => {
    const files = composed(contentsOf(envoySetOf(table).files), '/somewhere')
    const { accepted, output } = await validateEnvoy(staticBootstrap(files, envoyFileNames(table.gateway)))
    if (!accepted) throw new Error(output)
  })
  await t.resolves(fc.assert(property, { numRuns: 6, interruptAfterTimeLimit: 10_000 }))
})

await t.test('one Envoy goes from any table to any other, and proves each', async (t) => {
  await using gateway = await startEnvoyGateway()
  const ports = await freePorts(3)
  const tables = anyTable(ports).map((table) => {
    // A machine may have no IPv6.
    const listeners = table.listeners.map((each) => ({ ...each, address: each.address.replace('::1', '127.0.0.3') }))
    return { ...table, gateway: 'edge', listeners }
  })
  const property = fc.asyncProperty(tables, async (table) => {
    const { quarantined } = await gateway.serve(envoySetOf(table))
    t.strictSame(quarantined, [])
  })
  await t.resolves(fc.assert(property, { numRuns: 8, interruptAfterTimeLimit: 15_000, endOnFailure: true }))
})

await t.test('a set is served and proven, changes without a restart, and equal bytes are not written', async (t) => {
  await using gateway = await startEnvoyGateway()
  const [port = 0] = await freePorts(1)
  const one = portOf(await answering(t, ({ url }, response) => response.end(`one ${url}`)))
  const two = portOf(await answering(t, ({ url }, response) => response.end(`two ${url}`)))
  const routes = [plainRoute('/a', 'a', { path: 'strip' })]
  const first = envoySetOf(plainTable(port, routes, { a: [plainEndpoint(one)] }))
  t.match(await gateway.serve(first), { version: first.version, quarantined: [], reloaded: false })
  t.equal(await bodyOf(port, '/a/x'), 'one /x')
  const pid = await findRunning(bootstrapOf(gateway))

  const second = envoySetOf(plainTable(port, routes, { a: [plainEndpoint(two)] }))
  await gateway.serve(second)
  t.equal(await bodyOf(port, '/a'), 'two /')

  // A service comes with its route while another goes.
  const routed = [plainRoute('/b', 'b: x..')]
  await gateway.serve(envoySetOf(plainTable(port, routed, { 'b: x..': [plainEndpoint(one)] })))
  t.equal(await bodyOf(port, '/b'), 'one /b')
  t.equal((await ask(port, '/a')).status, 404)
  t.strictSame(
    (await readdir(filesFolder(gateway))).sort(),
    [
      fileNames.bootstrap,
      fileNames.clusters,
      fileNames.endpoints('b: x..'),
      fileNames.listeners,
      fileNames.routes,
    ].sort(),
    'what is no longer wanted is gone',
  )
  const written = await timesIn(filesFolder(gateway))
  const same = envoySetOf(plainTable(port, routed, { 'b: x..': [plainEndpoint(one)] }))
  t.match(await gateway.serve(same), { revision: same.revision })
  t.strictSame(await timesIn(filesFolder(gateway)), written, 'equal bytes are not written')
  t.equal(await findRunning(bootstrapOf(gateway)), pid, 'it is the same Envoy all the time')
})

await t.test('what Envoy does not take is quarantined, its last good stays, and the rest is served', async (t) => {
  await using gateway = await startEnvoyGateway()
  const [port = 0] = await freePorts(1)
  const server = portOf(await answering(t, ({ url }, response) => response.end(String(url))))
  const routes = [plainRoute('/a', 'a'), plainRoute('/b', 'b')]
  const services = { a: { endpoints: [plainEndpoint(server)] }, b: { endpoints: [plainEndpoint(server)] } }
  await gateway.serve(envoySetOf(plainTable(port, routes, services)))
  // A plane that sends what this Envoy does not take: a cluster, and the endpoints of another.
  const bad = envoySetOf(
    plainTable(port, [...routes, plainRoute('/c', 'c')], {
      a: { endpoints: [plainEndpoint(server)], connectTimeoutMs: -1000, source: 'routes.yaml:7' },
      b: { endpoints: [plainEndpoint(server, { address: 'nowhere' })], source: 'routes.yaml:8' },
      c: { endpoints: [plainEndpoint(server)] },
    }),
  )
  const outcome = await gateway.serve(bad)
  const left = Object.fromEntries(
    outcome.quarantined.map(({ resource = '', path, error }) => [resource, { path, error }]),
  )
  t.match(left, {
    a: { path: fileNames.clusters, error: /duration.*declared at routes\.yaml:7/ },
    b: { path: fileNames.endpoints('b'), error: /malformed IP address: nowhere.*declared at routes\.yaml:8/ },
  })
  t.equal(outcome.quarantined.length, 2)
  for (const path of ['/a', '/b', '/c']) t.equal(await bodyOf(port, path), path)
  t.match(await gateway.serve(envoySetOf(plainTable(port, routes, services))), { quarantined: [] })
})

await t.test(
  'a listener whose port another process holds keeps its last good state, and the rest is served',
  async (t) => {
    await using gateway = await startEnvoyGateway()
    const [port = 0, taken = 0] = await freePorts(2)
    const server = portOf(await answering(t, (_, response) => response.end('served')))
    const services = { a: [plainEndpoint(server)] }
    await gateway.serve(envoySetOf(plainTable(port, [plainRoute('/a', 'a')], services)))
    const other = createServer().listen(taken, '127.0.0.1')
    t.teardown(() => other.close())
    const outcome = await gateway.serve(envoySetOf(plainTable(taken, [plainRoute('/b', 'a')], services)))
    t.match(outcome.quarantined, [
      { path: fileNames.listeners, resource: 'public', error: /[Aa]ddress already in use.*routes\.yaml:5/ },
    ])
    t.equal(await bodyOf(port, '/b'), 'served')
    const listeners = await readFile(join(filesFolder(gateway), fileNames.listeners), 'utf8')
    t.notMatch(listeners, String(taken), 'the next Envoy that starts does not find what was rejected')
  },
)

await t.test(
  'where nothing can be tested beforehand, what Envoy itself rejects is found and quarantined',
  async (t) => {
    await using gateway = await startEnvoyGateway({ run: false, binary: 'no-envoy-here' })
    const port = await freePort()
    const server = portOf(await answering(t, ({ url }, response) => response.end(String(url))))
    const routes = [plainRoute('/a', 'a'), plainRoute('/b', 'b')]
    const services = { a: { endpoints: [plainEndpoint(server)] }, b: { endpoints: [plainEndpoint(server)] } }
    const good = plainTable(port, routes, services)
    await gateway.serve(envoySetOf(good), 'blocked')
    await using _ = await startEnvoy({ bootstrap: bootstrapOf(gateway), adminPort: portOf(`http://${gateway.proof}`) })
    await gateway.outcome(envoySetOf(good).version)
    const bad = envoySetOf(
      plainTable(port, [plainRoute('/a', 'a', { timeoutMs: -1000, source: 'routes.yaml:6' }), plainRoute('/c', 'c')], {
        a: { endpoints: [plainEndpoint(server, { weight: 0 })], source: 'routes.yaml:7' },
        b: { endpoints: [plainEndpoint(server)], connectTimeoutMs: -1, source: 'routes.yaml:8' },
        c: { endpoints: [plainEndpoint(server)] },
      }),
    )
    const { quarantined } = await gateway.serve(bad)
    t.strictSame(
      quarantined.map(({ path, resource }) => [path, resource]).sort(),
      [
        [fileNames.clusters, 'b'],
        [fileNames.endpoints('a'), 'a'],
        [fileNames.routes, 'edge'],
      ].sort(),
    )
    t.match(quarantined[0], { error: /rejected.*declared at routes\.yaml:7/ })
    for (const path of ['/a', '/b']) t.equal(await bodyOf(port, path), path)
    t.match(await gateway.serve(envoySetOf(good)), { quarantined: [] })
  },
)
