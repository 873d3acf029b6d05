import t from 'tap'
import type { VersionView } from '#shared/protocol/routing-api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { RoutingLandscape } from '#test/support/routing/routing-landscape.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const second = '  - { prefix: /second, service: web, path: keep }\n'
const bad = '      - { name: bad, address: 192.0.2.1, port: 1 }\n'

await t.test('what a proxy rejects of a watched folder is shown with file and line, and mends by itself', async (t) => {
  await using land = await RoutingLandscape.start({ watched: true })
  const { plane } = land
  const remarks = async () => {
    const { sinks } = await plane.get<StatusView>('/v1/status')
    return sinks.flatMap(({ name, remarks }) => remarks.map((remark) => `${name}: ${remark}`)).join('\n')
  }
  for (const gateway of ['edge-a', 'edge-b', 'side'] as const) await land.answers(gateway, '/web', 200)
  await land.routing('the folder as a version', (view) => view.gateways.every(({ proven }) => proven === 1))

  await t.test('the rest of it is applied', async (t) => {
    await plane.declare(land.declaration(second, { edgeB: bad, side: bad }))
    for (const gateway of ['edge-a', 'edge-b'] as const) await land.answers(gateway, '/second', 200)
    const seen = await waitFor(remarks, {
      what: 'both rejections',
      withinMs: 20_000,
      until: (text) => /edge-b: .*:10.*"bad"/.test(text) && /nginx:side: .*routes\.yaml:/.test(text),
    })
    t.match(seen, /envoy:edge-b: routes\.yaml:10: listener "bad" was rejected by edge-b-1/)
    t.equal(await land.status('side', '/web'), 200, 'the last good files of Nginx stay')
    const view = await land.routing('the gateways that complain', ({ gateways }) => {
      return gateways.filter(({ rejected }) => rejected.length > 0).length === 2
    })
    t.match(view, { holds: { number: 2, author: 'files', comment: 'routes.yaml' }, folder: { drifted: false } })
  })

  await t.test('history, plan and status show it', async (t) => {
    t.match(await plane.heddle('status'), { out: /edge-b: routes\.yaml:10: listener "bad"/ })
    t.match(await plane.heddle('history'), { out: /2 is rejected in part: edge-b: routes\.yaml:10/ })
    const path = await land.write(land.declaration(second))
    t.match(await plane.heddle('plan', path), { out: /- listener bad .*! now rejected: routes\.yaml:10/s })
    const versions = await plane.get<readonly VersionView[]>('/v1/routing/versions')
    t.equal(versions[0]?.rejected.length, 2)
  })

  await t.test('the mend is taken without a word of anybody', async (t) => {
    await plane.declare(land.declaration(second))
    const proven = (number: number) => (view: Awaited<ReturnType<typeof land.routing>>) =>
      view.gateways.every((each) => each.proven === number && each.rejected.length === 0)
    const from = Date.now()
    await land.routing('every gateway to prove the mend', proven(3))
    const tookMs = Date.now() - from
    t.comment(`proven by every gateway ${tookMs} ms after the mend`)
    t.ok(tookMs < 10_000, `it took ${tookMs} ms`)
    await land.answers('side', '/second', 200)
    t.notMatch(await remarks(), /rejected/)
  })

  await t.test('a word of the command counts until the folder changes again, and the drift is told', async (t) => {
    t.match(await plane.heddle('rollback', '1', '--wait', '--timeout', '25s'), { code: 0 })
    await land.answers('edge-a', '/second', 404)
    t.match(await plane.get('/v1/routing'), { folder: { drifted: true }, holds: { number: 4, restores: 1 } })
    t.match(await plane.heddle('status'), { out: /the folder .* holds something else than version 4/ })
    await plane.declare(`${land.declaration(second)}# again\n`)
    await land.answers('edge-a', '/second', 200)
    t.match(await plane.get('/v1/routing'), { folder: { drifted: false }, holds: { number: 5, author: 'files' } })
  })
})
