import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { parseDeclaration } from '#control-plane/routing/declaration/parse.ts'
import { readDeclarationFiles } from '#control-plane/routing/declaration/read.ts'
import { defaultPolicy } from '#control-plane/routing/declaration/to-service.ts'
import { toStaticBootstrap } from '#control-plane/routing/envoy/static-bootstrap.ts'
import { fillTable, tableFrames } from '#control-plane/routing/table/build.ts'
import { ask } from '#test/support/ask.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { exampleBootstrap } from '#test/support/envoy/xds-envoy.ts'
import { startEnvoy, validateEnvoy } from '#test/support/envoy.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { placeDeclaration } from '#test/support/platform/declaration.ts'
import { freePort } from '#test/support/ports.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)

await t.test('Envoy accepts whatever any table gives', async (t) => {
  await using folder = await temporaryFolder('tables')
  const made = (await noCertificates()) === false ? await certificate(folder.path, 'any', ['a.example']) : undefined
  const tables = anyTable([8080, 8081, 8082], made && { ...made, ca: made.cert }).map((table) => ({
    ...table,
    proxy: 'envoy' as const,
    // What no Nginx can do.
    services: table.services.map((service, index) => ({
      ...service,
      slowStartMs: index % 2 === 0 ? 30_000 : undefined,
    })),
  }))
  const property = fc.asyncProperty(tables, async (table) => {
    const { accepted, output } = await validateEnvoy(toStaticBootstrap(table))
    if (!accepted) throw new Error(output)
    if (/deprecated/i.test(output)) throw new Error(output)
  })
  await t.resolves(fc.assert(property, { numRuns: 25, interruptAfterTimeLimit: 15_000 }))
})

await t.test('the examples of the documentation are accepted', { skip: await noCertificates() }, async (t) => {
  t.match(await validateEnvoy(await exampleBootstrap(18_000, 'edge')), { accepted: true })
  await using folder = await temporaryFolder('examples')
  const [tls, routes] = [join(folder.path, 'tls'), join(folder.path, 'routes')]
  for (const path of [tls, routes]) await mkdir(path)
  for (const name of ['api', 'others']) await certificate(tls, name, [`${name}.platform.example`])
  await placeDeclaration(routes, tls, { envoy: 18_098, nginx: 18_098 })
  const files = await readDeclarationFiles(routes)
  const { declaration, problems } = parseDeclaration(files)
  t.strictSame(problems, [])
  for (const frame of declaration ? tableFrames(declaration).values() : []) {
    const table = fillTable(frame, (name) => ({ name, ...defaultPolicy, source: '', endpoints: [plainEndpoint(8080)] }))
    t.match(await validateEnvoy(toStaticBootstrap(table)), { accepted: true }, frame.gateway)
  }
})

await t.test('endpoints of lowest priority are called only when no other is left', async (t) => {
  const port = await freePort()
  await using first = await startBasicServer({ instance: 'first' })
  await using last = await startBasicServer({ instance: 'last' })
  const endpoints = [plainEndpoint(first.port), plainEndpoint(last.port, { priority: 1 })]
  const table = plainTable(port, [plainRoute('/', 's')], { s: { endpoints } }, { proxy: 'envoy' })
  await using _ = await startEnvoy({ bootstrap: toStaticBootstrap(table) })
  const who = async () => JSON.parse((await ask(port, '/')).body).instance
  for (let index = 0; index < 20; index += 1) t.equal(await who(), 'first')
})

await t.test('an instance that is refused again and again is ejected, but never the only one', async (t) => {
  const port = await freePort()
  await using good = await startBasicServer({ instance: 'good' })
  const dead = await freePort()
  const lone = await freePort()
  const services = {
    pair: { endpoints: [plainEndpoint(good.port), plainEndpoint(dead)] },
    lone: { endpoints: [plainEndpoint(lone)] },
  }
  const routes = [plainRoute('/pair', 'pair'), plainRoute('/lone', 'lone')]
  await using envoy = await startEnvoy({
    bootstrap: toStaticBootstrap(plainTable(port, routes, services, { proxy: 'envoy' })),
  })
  const ejected = (service: string) => async () => {
    t.equal((await ask(port, `/${service}`)).status, service === 'pair' ? 200 : 503)
    const name = `cluster.${service}.outlier_detection.ejections_active`
    return (await envoy.stats(`^${name}$`)).get(name) === 1
  }
  await waitFor(ejected('pair'), { what: 'the ejection', withinMs: 10_000 })
  for (let index = 0; index < 10; index += 1) t.notOk(await ejected('lone')())
  // It comes back without waiting for anything.
  await using back = await startBasicServer({ instance: 'back', port: lone })
  t.equal((await ask(port, '/lone')).status, 200, back.instance)
})

await t.test('each route has its counters, each request and each attempt its line', async (t) => {
  await using folder = await temporaryFolder('logs')
  const [port, dead] = [await freePort(), await freePort()]
  await using server = await startBasicServer({ instance: 'a' })
  const logs = { access: join(folder.path, 'access.log'), attempts: join(folder.path, 'attempts.log') }
  const endpoints = [plainEndpoint(server.port), plainEndpoint(dead)]
  const services = { s: { endpoints, ejection: undefined } }
  const table = plainTable(port, [plainRoute('/api', 's', { path: 'strip' })], services, { proxy: 'envoy', logs })
  await using envoy = await startEnvoy({ bootstrap: toStaticBootstrap(table) })
  for (let index = 0; index < 4; index += 1) t.equal((await ask(port, '/api/x')).status, 200)
  await ask(port, '/else')
  const counters = await envoy.stats('^vhost.edge.route.api.upstream_rq_(2xx|retry)$')
  const retries = counters.get('vhost.edge.route.api.upstream_rq_retry') ?? 0
  t.equal(counters.get('vhost.edge.route.api.upstream_rq_2xx'), 4)
  t.ok(retries > 0)
  const read = async (file: string) =>
    (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  // It writes them now and then, and when it ends.
  await envoy.stop()
  const access = await read(logs.access)
  t.equal(access.length, 5)
  t.match(access[0], { route: 'api', service: 's', method: 'GET', path: '/api/x', status: 200, client: '127.0.0.1' })
  t.match(access[4], { route: 'no-route', status: 404 })
  const attempts = await read(logs.attempts)
  t.equal(attempts.length, 4 + retries)
  const failed = attempts.filter(({ address }) => address === `127.0.0.1:${dead}`)
  t.equal(failed.length, retries)
  t.match(failed[0], { instance: `i-${dead}`, flags: /UF/ })
})
