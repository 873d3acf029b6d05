import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { instanceFailed } from '#control-plane/routing/answers.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { freePort } from '#test/support/ports.ts'
import { askFully, seeing, seenIn, serving } from '#test/support/routing/envoy-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

const balances = ['round_robin', 'least_request', 'random', 'ip_hash'] as const

await t.test('each balance spreads requests its way, with slow start or without', async (t) => {
  const port = await freePort()
  const endpoints = (await Promise.all(['a', 'b', 'c', 'd'].map((name) => seeing(t, name)))).flat()
  const services = Object.fromEntries(
    balances.flatMap((balance) => [
      [balance, { endpoints, balance }],
      [`slow-${balance}`, { endpoints, balance, slowStartMs: 1000 }],
    ]),
  )
  const routes = Object.keys(services).map((name) => plainRoute(`/${name}`, name))
  await serving(t, plainTable(port, routes, services, { trustedProxies: ['127.0.0.1'] }))
  const spread = async (service: string, from: (index: number) => string) => {
    const counts = new Map<string, number>()
    for (let index = 0; index < 80; index += 1) {
      const { name } = seenIn(await askFully(port, `/${service}`, { headers: { 'x-forwarded-for': from(index) } }))
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    return counts
  }
  for (const name of Object.keys(services)) {
    const one = await spread(name, () => '203.0.113.7')
    if (name.endsWith('ip_hash')) t.equal(one.size, 1, `${name}: one address, one instance`)
    else t.equal(one.size, 4, name)
  }
  t.strictSame([...(await spread('round_robin', () => '203.0.113.7')).values()], [20, 20, 20, 20])
  t.equal((await spread('ip_hash', (index) => `203.0.113.${index}`)).size, 4)
})

const skip = await noCertificates()

await t.test('instances that speak TLS must show their name, signed by whom we believe', { skip }, async (t) => {
  await using folder = await temporaryFolder('upstream')
  const port = await freePort()
  const good = await certificate(folder.path, 'good', ['inner.example.com'])
  const other = await certificate(folder.path, 'other', ['inner.example.com'])
  const server = createServer(
    { cert: await readFile(good.cert), key: await readFile(good.key) },
    (request, response) => {
      const { servername } = request.socket as { servername?: string }
      response.end(`${servername} ${request.url}`)
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoints = [plainEndpoint((server.address() as AddressInfo).port)]
  const services = {
    good: { endpoints, tls: { name: 'inner.example.com', ca: good.cert } },
    name: { endpoints, tls: { name: 'else.example.com', ca: good.cert } },
    authority: { endpoints, tls: { name: 'inner.example.com', ca: other.cert } },
  }
  const routes = Object.keys(services).map((name) => plainRoute(`/${name}`, name))
  await serving(t, plainTable(port, routes, services))
  t.equal((await askFully(port, '/good')).body, 'inner.example.com /good')
  t.match(await askFully(port, '/name'), { status: 503, body: instanceFailed.body })
  t.match(await askFully(port, '/authority'), { status: 503, body: instanceFailed.body })
})
