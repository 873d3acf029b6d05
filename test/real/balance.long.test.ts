import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { sendMany } from '#test/support/alike/load.ts'
import { startPair } from '#test/support/alike/pair-of.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

t.setTimeout(900_000)

const requests = 100_000
const balances = ['round_robin', 'least_request', 'random'] as const

await t.test('ten equal instances get equal shares, whatever the policy and whichever the proxy', async (t) => {
  const counts = Array.from({ length: 10 }, () => 0)
  const servers = counts.map((_, place) =>
    createServer((_, response) => {
      counts[place] = (counts[place] ?? 0) + 1
      response.end('served')
    }),
  )
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))))
  t.teardown(() => {
    for (const server of servers) server.close().closeAllConnections()
  })
  const endpoints = servers.map((server) => plainEndpoint((server.address() as AddressInfo).port))
  const routes = balances.map((balance) => plainRoute(`/${balance}`, balance))
  const services = Object.fromEntries(balances.map((balance) => [balance, { balance, endpoints }]))
  await using pair = await startPair((port) => plainTable(port, routes, services))
  for (const balance of balances) {
    for (const proxy of ['envoy', 'nginx'] as const) {
      counts.fill(0)
      t.strictSame(await sendMany(pair[proxy], `/${balance}`, requests, 40), { 200: requests })
      const difference = (Math.max(...counts) - Math.min(...counts)) / (requests / counts.length)
      t.ok(difference <= 0.1, `${proxy} ${balance}: ${(difference * 100).toFixed(1)}% of ${counts.join(' ')}`)
      t.comment(`${proxy} ${balance}: (max - min) / mean is ${(difference * 100).toFixed(1)}%`)
    }
  }
})
