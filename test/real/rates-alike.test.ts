import t from 'tap'
import { sendSteadily } from '#test/support/alike/load.ts'
import { startPair } from '#test/support/alike/pair-of.ts'
import { answering } from '#test/support/answering.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

t.setTimeout(120_000)

await t.test('both let through as much as a rate says, and answer 429 to the rest', async (t) => {
  const url = new URL(await answering(t, (_, response) => response.end('served')))
  const rate = { requests: 20, perMs: 1000, burst: 20, by: 'route' } as const
  const routes = [
    plainRoute('/all', 's', { policy: { rate } }),
    plainRoute('/each', 's', { policy: { rate: { ...rate, by: 'address' } } }),
  ]
  await using pair = await startPair((port) => plainTable(port, routes, { s: [plainEndpoint(Number(url.port))] }))
  const everyMs = 25
  const forMs = 10_000
  const sent = forMs / everyMs
  const counts = await Promise.all([
    sendSteadily(pair.envoy, '/all', everyMs, forMs),
    sendSteadily(pair.nginx, '/all', everyMs, forMs),
    sendSteadily(pair.envoy, '/each', everyMs, forMs),
    sendSteadily(pair.nginx, '/each', everyMs, forMs),
  ])
  const wanted = rate.burst + (rate.requests * forMs) / rate.perMs
  for (const [place, found] of counts.entries()) {
    const { 200: served = 0, 429: refused = 0 } = found
    t.equal(served + refused, sent, `${place}: ${JSON.stringify(found)}`)
    t.ok(Math.abs(served - wanted) <= wanted * 0.05, `${place}: ${served} of ${wanted}`)
  }
})
