import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { renderEnvoyFiles } from '#control-plane/routing/envoy/render-files.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { answering } from '#test/support/answering.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { startEnvoyGateway } from '#test/support/gateway.ts'
import { freePorts } from '#test/support/ports.ts'
import { rawRequest, serveTable } from '#test/support/routing/nginx-table.ts'
import { plainEndpoint, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)
const proxies = ['envoy', 'nginx'] as const
type Proxy = (typeof proxies)[number]

await t.test('limits, ip hash and logs know a client by one address, whichever balancer says it', async (t) => {
  await using folder = await temporaryFolder('addresses')
  const endpoints = await Promise.all(
    ['a', 'b', 'c', 'd', 'e'].map(async (name) => {
      const url = new URL(await answering(t, (_, response) => response.end(name)))
      return plainEndpoint(Number(url.port))
    }),
  )
  const rate = { requests: 1, perMs: 60_000, burst: 2, by: 'address' } as const
  const routes = [plainRoute('/hashed', 's'), plainRoute('/limited', 's', { policy: { rate } })]
  const [envoy = 0, nginx = 0, envoyBehind = 0, nginxBehind = 0] = await freePorts(4)
  const places = {
    envoy: { port: envoy, behind: envoyBehind, access: join(folder.path, 'envoy.log') },
    nginx: { port: nginx, behind: nginxBehind, access: join(folder.path, 'nginx.log') },
  }
  const tableOf = (proxy: Proxy): RouteTable => {
    const { port, behind, access } = places[proxy]
    return plainTable(
      port,
      routes,
      { s: { endpoints, balance: 'ip_hash' } },
      {
        proxy,
        listeners: [
          { ...plainListener, name: 'plain', port },
          { ...plainListener, name: 'balanced', port: behind, proxyProtocol: true },
        ],
        trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'],
        logs: { access, attempts: undefined },
      },
    )
  }
  // An Envoy whose listeners share their routes, as in all but static configurations, and with them what is left of a rate.
  await using gateway = await startEnvoyGateway()
  await gateway.serve(renderEnvoyFiles(tableOf('envoy'), 1))
  await using _nginx = await serveTable(tableOf('nginx'))
  /** Asks as a client behind balancers that tell by a header; as one behind a balancer that speaks PROXY protocol. */
  const ways = {
    header: (proxy: Proxy, address: string, path: string) =>
      rawRequest(places[proxy].port, `GET ${path}`, [
        ['Host', 'x'],
        ['X-Forwarded-For', `198.51.100.200, ${address}, 10.1.1.1`],
      ]),
    protocol: (proxy: Proxy, address: string, path: string) =>
      rawRequest(
        places[proxy].behind,
        `GET ${path}`,
        [
          ['Host', 'x'],
          ['X-Forwarded-For', '198.51.100.201'],
        ],
        { before: `PROXY TCP4 ${address} 192.0.2.1 5000 80\r\n` },
      ),
  }

  for (const proxy of proxies) {
    await t.test(`${proxy}: ip hash`, async (t) => {
      const instances = new Set<string>()
      for (let host = 1; host <= 20; host += 1) {
        const address = `203.0.113.${host}`
        const told = await ways.header(proxy, address, '/hashed')
        t.equal(told.status, 200)
        for (const ask of [ways.protocol, ways.header])
          t.equal((await ask(proxy, address, '/hashed')).body, told.body, address)
        instances.add(told.body)
      }
      t.ok(instances.size > 1, `${instances.size} instances for 20 addresses`)
    })

    await t.test(`${proxy}: limits`, async (t) => {
      const statuses = async (address: string) => [
        (await ways.header(proxy, address, '/limited')).status,
        (await ways.protocol(proxy, address, '/limited')).status,
        (await ways.header(proxy, address, '/limited')).status,
        (await ways.protocol(proxy, address, '/limited')).status,
      ]
      t.strictSame(await statuses('203.0.113.101'), [200, 200, 429, 429], 'one bucket, whoever tells the address')
      t.strictSame(await statuses('203.0.113.102'), [200, 200, 429, 429], 'and another one for another')
    })

    await t.test(`${proxy}: logs`, async (t) => {
      const clients = async () => {
        const lines = (await readFile(places[proxy].access, 'utf8')).split('\n').filter(Boolean)
        return lines.map((line) => (JSON.parse(line) as { readonly client: string }).client)
      }
      const all = await waitFor(clients, { what: 'the lines', withinMs: 30_000, until: (found) => found.length >= 68 })
      t.equal(all.filter((client) => client === '203.0.113.101').length, 4)
      t.equal(all.filter((client) => client === '203.0.113.7').length, 3)
      t.ok(all.every((client) => client.startsWith('203.0.113.')))
    })
  }
})
