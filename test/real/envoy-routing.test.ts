import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { noInstance, noRoute } from '#control-plane/routing/answers.ts'
import { freePort } from '#test/support/ports.ts'
import { startRouted } from '#test/support/routing/routed.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { drive } from '#test/support/traffic.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(120_000)

const withinMs = 20_000
const users = 'routes: [{ prefix: /api/users, service: user, path: strip }]\n'
const answered = (status: number) => ({
  until: (seen: { readonly status: number }) => seen.status === status,
  withinMs,
})

await t.test('a real Envoy gets its configuration, spreads requests, and loses an instance that dies', async (t) => {
  await using routed = await startRouted(users)
  await using a = await startBasicServer({ instance: 'a' })
  await using b = await startBasicServer({ instance: 'b' })
  const idA = routed.world.add('user', a.port)
  routed.world.add('user', b.port)
  routed.world.fleet.markComplete()
  const envoy = await routed.envoy()
  await using traffic = drive({ url: `http://127.0.0.1:${routed.port}/api/users/x`, perSecond: 100 })
  const instances = () => Object.keys(traffic.summary().instances).sort()
  await waitFor(instances, { what: 'both instances', withinMs, until: (seen) => seen.join() === 'a,b' })

  await a.kill()
  routed.world.fails(idA)
  const members = async () =>
    (await envoy.stats('^cluster.user.membership_total$')).get('cluster.user.membership_total')
  await waitFor(members, { what: 'Envoy to know one', withinMs, until: (seen) => seen === 1 })
  const sink = routed.routing.sinks()[0]
  await waitFor(() => sink?.status().proven?.revision === routed.world.fleet.revision, { what: 'the proof', withinMs })
  t.match(sink?.status(), { state: 'following' })
  const summary = await traffic.stop()
  t.equal(summary.failed, 0, JSON.stringify(summary))
})

await t.test('a service without instances is an explicit 503, a path without a route an explicit 404', async (t) => {
  await using routed = await startRouted(users)
  routed.world.fleet.markComplete()
  await routed.envoy()
  const none = { status: noInstance.status, type: noInstance.contentType, body: noInstance.body }
  t.strictSame(await waitFor(() => routed.ask('/api/users/x'), { what: 'the answer', ...answered(503) }), none)
  t.strictSame(await routed.ask('/'), { status: noRoute.status, type: noRoute.contentType, body: noRoute.body })
  const { port } = await routed.server((_, response) => response.end('here'))
  const id = routed.world.add('user', port)
  await waitFor(() => routed.ask('/api/users'), { what: 'the first instance', ...answered(200) })
  routed.world.fails(id)
  t.strictSame(await waitFor(() => routed.ask('/api/users'), { what: 'the last one to go', ...answered(503) }), none)
})

await t.test('a restart of the plane pushes nothing, and traffic goes on', async (t) => {
  await using routed = await startRouted(users)
  await using server = await startBasicServer({ instance: 'a' })
  routed.world.add('user', server.port)
  routed.world.fleet.markComplete()
  const envoy = await routed.envoy()
  const changes = () =>
    envoy.stats(
      '^(cluster_manager.cluster_(added|modified|removed)|listener_manager.listener_(added|modified|removed)|cluster.user.update_(success|no_rebuild)|http.*.rds.edge.(update_success|config_reload))$',
    )
  await using traffic = drive({ url: `http://127.0.0.1:${routed.port}/api/users`, perSecond: 100 })
  await waitFor(() => traffic.summary().statuses['200'], { what: 'traffic', withinMs })
  const before = await changes()
  t.ok(before.size >= 6, [...before.keys()].join())
  await routed.stop()
  const connected = async () =>
    (await envoy.stats('^control_plane.connected_state$')).get('control_plane.connected_state')
  await waitFor(connected, { what: 'Envoy to notice', withinMs, until: (seen) => seen === 0 })
  await routed.start()
  const sink = () => routed.routing.sinks()[0]?.status()
  await waitFor(() => sink()?.state === 'following', { what: 'the Envoy to be proven', withinMs: 30_000 })
  t.ok((sink()?.figures.bytes ?? 0) < 1_000, `${sink()?.figures.bytes} bytes`)
  t.strictSame([...(await changes())], [...before])
  const summary = await traffic.stop()
  t.equal(summary.failed, 0, JSON.stringify(summary))
})

await t.test('a cluster that changes gets its endpoints again and does not warm for ever', async (t) => {
  const routes = (balance: string) => `services: { user: { balance: ${balance} } }\n${users}`
  await using routed = await startRouted(routes('round_robin'))
  await using server = await startBasicServer({ instance: 'a' })
  routed.world.add('user', server.port)
  routed.world.fleet.markComplete()
  const envoy = await routed.envoy()
  await waitFor(() => routed.ask('/api/users'), { what: 'the answer', ...answered(200) })
  await using traffic = drive({ url: `http://127.0.0.1:${routed.port}/api/users`, perSecond: 100 })
  for (const balance of ['least_request', 'round_robin', 'least_request']) {
    await routed.declare(routes(balance))
    const policy = async () => {
      const dump = JSON.parse(await envoy.admin('/config_dump?resource=dynamic_active_clusters'))
      return dump.configs[0]?.cluster.lb_policy ?? 'ROUND_ROBIN'
    }
    // Were the endpoints missing, it would take Envoy 15 s to go on without.
    await waitFor(policy, { what: balance, withinMs: 10_000, until: (seen) => seen === balance.toUpperCase() })
  }
  t.equal((await envoy.stats('^cluster_manager.warming_clusters$')).get('cluster_manager.warming_clusters'), 0)
  const summary = await traffic.stop()
  t.equal(summary.failed, 0, JSON.stringify(summary))
})

await t.test(
  'a rejected listener is parked with its place, the rest goes on, and the correction is taken',
  async (t) => {
    await using routed = await startRouted(users)
    await using server = await startBasicServer({ instance: 'a' })
    routed.world.add('user', server.port)
    routed.world.fleet.markComplete()
    const envoy = await routed.envoy()
    await waitFor(() => routed.ask('/api/users'), { what: 'the answer', ...answered(200) })
    const free = await freePort()
    const listeners = (address: string) => `gateways:
  edge:
    proxy: envoy
    listeners:
      - { address: 127.0.0.1, port: ${routed.port} }
      - { name: second, address: ${address}, port: ${free} }
`
    const status = () => routed.routing.sinks()[0]?.status()
    // An address of documentation, which no machine has.
    await routed.declareAll(
      `${listeners('192.0.2.1')}${users}  - { prefix: /more, service: user, path: keep }\n`
        .replace('[{ prefix', '\n  - { prefix')
        .replace('strip }]', 'strip }'),
    )
    await waitFor(() => status()?.state === 'blocked', { what: 'the rejection', withinMs })
    t.match(status()?.remarks, [
      /^routes.yaml:6: listener "second" was rejected by edge-1: .*192.0.2.1.*there is no earlier version$/,
    ])
    await waitFor(() => routed.ask('/more'), { what: 'the new route beside it', ...answered(200) })

    const rejected = async () =>
      (await envoy.stats('^listener_manager.lds.update_rejected$')).get('listener_manager.lds.update_rejected')
    const rejections = await rejected()
    routed.world.add('user', free + 1, { id: 'another' })
    await waitFor(() => status()?.proven?.revision === routed.world.fleet.revision, {
      what: 'the next change',
      withinMs,
    })
    t.equal(await rejected(), rejections, 'it is not sent again')

    await routed.declareAll(`${listeners('127.0.0.1')}${users}`)
    await waitFor(() => status()?.state === 'following', { what: 'the correction', withinMs })
    t.equal((await fetch(`http://127.0.0.1:${free}/api/users`)).status, 200)
  },
)

await t.test('an Envoy that names no declared gateway gets no answer', async (t) => {
  await using routed = await startRouted(users)
  routed.world.fleet.markComplete()
  const envoy = await routed.envoy({ cluster: 'egde', until: 'admin' })
  await waitFor(() => routed.warnings.some((line) => line.includes('egde')), { what: 'the warning', withinMs })
  const stats = await envoy.stats(
    '^(control_plane.connected_state|cluster_manager.cds.update_attempt|cluster_manager.cds.update_success)$',
  )
  t.match(Object.fromEntries(stats), { 'control_plane.connected_state': 1, 'cluster_manager.cds.update_success': 0 })
})

await t.test('an Envoy that was stopped for a while gets the newest state, not every state', async (t) => {
  await using routed = await startRouted(users)
  for (let index = 0; index < 3_000; index += 1) routed.world.add('user', 1 + index, { address: '127.0.0.2' })
  routed.world.fleet.markComplete()
  const envoy = await routed.envoy()
  const sink = () => routed.routing.sinks()[0]?.status()
  const members = async () =>
    (await envoy.stats('^cluster.user.membership_total$')).get('cluster.user.membership_total')
  await waitFor(members, { what: 'all instances', withinMs, until: (seen) => seen === 3_000 })
  await waitFor(() => sink()?.state === 'following', { what: 'quiet', withinMs })
  const before = (await envoy.stats('^cluster.user.update_success$')).get('cluster.user.update_success') ?? 0
  envoy.signal('SIGSTOP')
  for (let index = 0; index < 1_000; index += 1) {
    routed.world.fails(`user-${1 + index}`)
    if (index % 10 === 0) await wait(1)
  }
  t.equal(sink()?.state, 'behind')
  envoy.signal('SIGCONT')
  await waitFor(members, { what: 'the newest state', withinMs, until: (seen) => seen === 2_000 })
  await waitFor(() => sink()?.state === 'following', { what: 'the proof', withinMs })
  const updates =
    ((await envoy.stats('^cluster.user.update_success$')).get('cluster.user.update_success') ?? 0) - before
  t.ok(updates < 40, `${updates} updates`)
  t.comment(`${updates} updates for 1000 changes`)
})

await t.test('a drained instance gets no new requests and loses none', async (t) => {
  await using routed = await startRouted(users)
  const held: (() => void)[] = []
  const slow = await routed.server((_, response) => held.push(() => response.end('slow')))
  const id = routed.world.add('user', slow.port)
  routed.world.fleet.markComplete()
  const envoy = await routed.envoy()
  await waitFor(() => routed.routing.sinks()[0]?.status().state === 'following', {
    what: 'the configuration',
    withinMs,
  })
  const underway = routed.ask('/api/users')
  await waitFor(() => held.length === 1, { what: 'the request to arrive', withinMs })
  const other = await routed.server((_, response) => response.end('other'))
  routed.world.add('user', other.port)
  routed.world.drains(id)
  const members = async () => (await envoy.admin('/clusters')).includes(`127.0.0.1:${slow.port}::`)
  await waitFor(members, { what: 'the drain', withinMs, until: (seen) => !seen })
  for (let index = 0; index < 20; index += 1) t.equal((await routed.ask('/api/users')).body, 'other')
  held[0]?.()
  t.strictSame(await underway, { status: 200, type: null, body: 'slow' })
})
