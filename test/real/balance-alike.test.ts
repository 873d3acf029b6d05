import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import t, { type Test } from 'tap'
import { noInstance } from '#control-plane/routing/answers.ts'
import type { Service } from '#control-plane/routing/table.ts'
import { sendMany } from '#test/support/alike/load.ts'
import { startPair } from '#test/support/alike/pair-of.ts'
import { missingParts } from '#test/support/parts.ts'
import { askFully } from '#test/support/routing/envoy-table.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { startRouted } from '#test/support/routing/routed.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(180_000)

const skip = missingParts(['envoy', 'nginx']).length > 0 ? 'there is no Envoy or no Nginx' : false
const proxies = ['envoy', 'nginx'] as const
const withinMs = 25_000

/** A server that counts who asks it. */
async function counting(t: Test, answer: RequestListener = (_, response) => response.end('served')) {
  const seen = { count: 0 }
  const server = createServer((request, response) => {
    seen.count += 1
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  return { seen, port: (server.address() as AddressInfo).port }
}

/** A server that resets every connection on which it is asked something. */
async function resetting(t: Test) {
  const seen = { count: 0 }
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      seen.count += 1
      socket.resetAndDestroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return { seen, port: (server.address() as AddressInfo).port }
}

await t.test('an instance of three times the weight gets three times the requests', { skip }, async (t) => {
  const [light, heavy] = [await counting(t), await counting(t)]
  const endpoints = [plainEndpoint(light.port, { weight: 50 }), plainEndpoint(heavy.port, { weight: 150 })]
  const balances = ['round_robin', 'random'] as const
  const routes = balances.map((balance) => plainRoute(`/${balance}`, balance))
  const services = Object.fromEntries(balances.map((balance) => [balance, { balance, endpoints }]))
  await using pair = await startPair((port) => plainTable(port, routes, services))
  for (const proxy of proxies) {
    for (const balance of balances) {
      light.seen.count = 0
      heavy.seen.count = 0
      t.strictSame(await sendMany(pair[proxy], `/${balance}`, 2_000, 8), { 200: 2_000 })
      const share = light.seen.count / 2_000
      // Random takes all alike.
      const due = balance === 'random' ? 0.5 : 0.25
      t.ok(Math.abs(share - due) < 0.05, `${proxy} ${balance}: ${share} instead of ${due}`)
    }
  }
})

await t.test('least request keeps away from an instance that is slow', { skip }, async (t) => {
  const slow = await counting(t, (_, response) => setTimeout(() => response.end('slow'), 200))
  const quick = await counting(t)
  const endpoints = [plainEndpoint(slow.port), plainEndpoint(quick.port)]
  const routes = [plainRoute('/', 's')]
  await using pair = await startPair((port) => plainTable(port, routes, { s: { balance: 'least_request', endpoints } }))
  for (const proxy of proxies) {
    slow.seen.count = 0
    quick.seen.count = 0
    await sendMany(pair[proxy], '/', 400, 8)
    t.ok(slow.seen.count < 0.7 * quick.seen.count, `${proxy}: ${slow.seen.count} and ${quick.seen.count}`)
  }
})

await t.test(
  'an instance that fails in front of the proxy is left out, and asked again after a while',
  { skip },
  async (t) => {
    const bad = await resetting(t)
    const good = await Promise.all([1, 2, 3].map(() => counting(t)))
    const endpoints = [bad, ...good].map(({ port }) => plainEndpoint(port))
    const ejection = { failures: 3, forMs: 3_000 }
    const routes = [plainRoute('/', 's')]
    await using pair = await startPair((port) => plainTable(port, routes, { s: { ejection, endpoints } }))
    for (const proxy of proxies) {
      const fail = () => askFully(pair[proxy], '/')
      bad.seen.count = 0
      await waitFor(fail, {
        what: `${proxy} to fail three times`,
        withinMs,
        everyMs: 1,
        until: () => bad.seen.count >= 3,
      })
      const before = bad.seen.count
      const from = performance.now()
      const { 200: answered } = await sendMany(pair[proxy], '/', 400, 4)
      t.equal(answered, 400, `${proxy}: nobody notices`)
      // A hundred of them would have been its share.
      const later = bad.seen.count - before
      const tookMs = performance.now() - from
      t.ok(later <= 6 * (1 + Math.floor(tookMs / ejection.forMs)), `${proxy}: ${later} more in ${tookMs} ms`)
      const ejected = bad.seen.count
      await waitFor(fail, { what: `${proxy} to try it again`, withinMs, until: () => bad.seen.count > ejected })
    }
  },
)

await t.test('whoever cannot be called is not called, however few are left', { skip }, async (t) => {
  const all = await Promise.all([1, 2, 3, 4].map(() => counting(t)))
  const [left] = all
  const routes = [plainRoute('/one', 'one'), plainRoute('/none', 'none')]
  const services = { one: { endpoints: [plainEndpoint(left?.port ?? 0)] }, none: { endpoints: [] } }
  await using pair = await startPair((port) => plainTable(port, routes, services))
  for (const proxy of proxies) {
    t.strictSame(await sendMany(pair[proxy], '/one', 50, 4), { 200: 50 })
    t.match(await askFully(pair[proxy], '/none'), { status: 503, body: noInstance.body })
  }
  t.strictSame(
    all.slice(1).map(({ seen }) => seen.count),
    [0, 0, 0],
  )
})

await t.test(
  'who stands by is called when nothing of the first level answers, without a failed request',
  { skip },
  async (t) => {
    const [dead, last] = [[await resetting(t), await resetting(t), await resetting(t)], await counting(t)]
    const further = await counting(t)
    const endpoints: Service['endpoints'] = [
      ...dead.map(({ port }) => plainEndpoint(port)),
      plainEndpoint(last.port, { priority: 1, site: 'alibaba' }),
      plainEndpoint(further.port, { priority: 2, site: 'alibaba' }),
    ]
    const routes = [plainRoute('/', 's')]
    await using pair = await startPair((port) => plainTable(port, routes, { s: { endpoints } }))
    for (const proxy of proxies) {
      t.strictSame(await sendMany(pair[proxy], '/', 60, 1), { 200: 60 }, proxy)
    }
    t.ok(last.seen.count > 60, String(last.seen.count))
  },
)

await t.test('a level is not left for a farther one because one of it is ejected', { skip }, async (t) => {
  const bad = await resetting(t)
  const good = await counting(t)
  const far = await counting(t)
  const endpoints = [
    plainEndpoint(bad.port),
    plainEndpoint(good.port),
    plainEndpoint(far.port, { priority: 1, site: 'alibaba' }),
  ]
  const routes = [plainRoute('/', 's')]
  const ejection = { failures: 3, forMs: 60_000 }
  await using pair = await startPair((port) => plainTable(port, routes, { s: { ejection, endpoints } }))
  for (const proxy of proxies) {
    await sendMany(pair[proxy], '/', 40, 1)
    const before = far.seen.count
    t.strictSame(await sendMany(pair[proxy], '/', 200, 4), { 200: 200 })
    t.equal(far.seen.count - before, 0, `${proxy} stays with the one that is left`)
  }
})

await t.test(
  'an instance gets no more connections than it may have; a request for which there is no room is answered at once',
  { skip },
  async (t) => {
    const held: (() => void)[] = []
    const { port } = await counting(t, (_, response) => held.push(() => response.end('served')))
    const services = { s: { endpoints: [plainEndpoint(port)], maxConnections: 2 } }
    const routes = [plainRoute('/', 's', { timeoutMs: 60_000 })]
    await using pair = await startPair((port) => plainTable(port, routes, services))
    // Envoy lets as many wait as may be under way, eight at least; Nginx nobody.
    for (const [proxy, waiting] of [
      ['envoy', 8],
      ['nginx', 0],
    ] as const) {
      const answers: { readonly status: number; readonly body: string }[] = []
      const all = Array.from({ length: 20 }, async () => answers.push(await askFully(pair[proxy], '/')))
      const refused = 20 - 2 - waiting
      await waitFor(() => answers.length, {
        what: `${refused} refusals by ${proxy}`,
        withinMs,
        until: (count) => count >= refused,
      })
      await waitFor(() => held.length, { what: `two under way by ${proxy}`, withinMs, until: (count) => count === 2 })
      // While their connections are made, those two wait as well.
      t.ok(answers.length <= refused + 2, `${proxy} refuses ${answers.length} of 20`)
      t.ok(
        answers.every(({ status, body }) => status === 503 && body === noInstance.body),
        `${proxy} says it in our words`,
      )
      const letGo = () => {
        for (const end of held.splice(0)) end()
        return answers.length
      }
      await waitFor(letGo, { what: 'all answers', withinMs, until: (count) => count === 20 })
      await Promise.all(all)
      t.ok(
        answers.filter(({ status }) => status === 200).length >= Math.max(2, waiting),
        `${proxy} serves those who waited`,
      )
    }
  },
)

await t.test(
  'a newcomer of a slow start gets less than its share at first, and all of it later',
  { skip },
  async (t) => {
    const routes = `services: { user: { slow_start: 6s } }
routes: [{ prefix: /user, service: user, path: keep }]
`
    await using routed = await startRouted(routes)
    const seen = { old: 0, young: 0 }
    const serve = (who: keyof typeof seen) =>
      routed.server((_, response) => {
        seen[who] += 1
        response.end(who)
      })
    routed.world.add('user', (await serve('old')).port)
    routed.world.fleet.markComplete()
    const envoy = await routed.envoy()
    const members = async () =>
      (await envoy.stats('^cluster.user.membership_total$')).get('cluster.user.membership_total')
    await waitFor(members, { what: 'the first one', withinMs, until: (count) => count === 1 })
    const added = performance.now()
    const isOld = () => performance.now() - added > 7_000
    await waitFor(isOld, { what: 'the first one to be none of the new ones', withinMs })
    const { port } = await serve('young')
    routed.world.add('user', port)
    await waitFor(members, { what: 'the newcomer', withinMs, until: (count) => count === 2 })
    const share = async () => {
      seen.old = 0
      seen.young = 0
      await sendMany(routed.port, '/user', 100, 2)
      return seen.young / 100
    }
    const first = await share()
    t.ok(first < 0.4, `at first ${first}`)
    await waitFor(share, { what: 'its whole share', withinMs, until: (now) => now >= 0.45 })
  },
)
