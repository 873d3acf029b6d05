import t from 'tap'
import type { AppliedView, PlanView, VersionView } from '#shared/protocol/routing-api.ts'
import { RoutingLandscape } from '#test/support/routing/routing-landscape.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const gateways = ['edge-a', 'edge-b', 'side'] as const
const second = '  - { prefix: /second, service: web, path: keep }\n'

await t.test('a declaration is planned, applied in stages, halted, and rolled back', async (t) => {
  await using land = await RoutingLandscape.start()
  const { plane } = land
  const heddle = async (...args: readonly string[]) => plane.heddle(...args, '--timeout', '25s')

  await t.test('the first version holds at once, and every proxy serves it', async (t) => {
    const path = await land.write(land.declaration())
    const { code, out } = await heddle('apply', path, '--comment', 'the beginning', '--json')
    t.equal(code, 0, out)
    t.match(JSON.parse(out) as AppliedView, { changed: true, version: { number: 1, state: 'applied', holds: true } })
    for (const gateway of gateways) await land.answers(gateway, '/web', 200)
    await land.routing('every gateway to prove it', (view) => view.gateways.every(({ proven }) => proven === 1))
    t.match(await heddle('apply', path, '--comment', 'again'), { code: 0, out: /Nothing changed: version 1/ })
  })

  await t.test('a plan names parts and blast radius, and changes nothing', async (t) => {
    const path = await land.write(land.declaration(second))
    const plan = JSON.parse((await heddle('plan', path, '--json')).out) as PlanView
    t.match(plan, {
      valid: true,
      base: 1,
      changes: [
        { gateway: 'edge-a', parts: [{ kind: 'route', name: 'second', change: 'added', source: 'routes.yaml:16' }] },
        { gateway: 'edge-b' },
        { gateway: 'side', proxy: 'nginx' },
      ],
      radius: { gateways: [...gateways], routes: 3, instances: [/^web-/], requests: null },
    })
    t.match(await heddle('plan', path), { code: 0, out: /\+ route second {2}routes\.yaml:16.*requests {3}unknown/s })
    t.equal(await land.status('edge-a', '/second'), 404)
  })

  await t.test('a canary goes from one gateway to half of them and then to all', async (t) => {
    const path = await land.write(land.declaration(second))
    const { code, out, err } = await heddle('apply', path, '--comment', 'the second', '--canary', '--wait', '--json')
    t.equal(code, 0, err)
    const { version } = JSON.parse(out) as AppliedView
    t.match(version, {
      number: 2,
      holds: true,
      stages: [
        { name: '1', gateways: ['edge-a'], state: 'proven' },
        { name: '50%', gateways: ['edge-b'], state: 'proven' },
        { name: 'all', gateways: ['side'], state: 'proven' },
      ],
    })
    for (const gateway of gateways) t.equal(await land.status(gateway, '/second'), 200)
  })

  await t.test('a rejection by Envoy halts it with file and line; the others never had it', async (t) => {
    const edgeB = '      - { name: bad, address: 192.0.2.1, port: 1 }\n'
    const path = await land.write(land.declaration('  - { prefix: /third, service: web, path: keep }\n', { edgeB }))
    const { code, out, err } = await heddle('apply', path, '--comment', 'bad', '--stages', 'edge-b,all', '--wait')
    t.equal(code, 1, err)
    t.match(out, /Version 3 is halted.*why: edge-b: routes\.yaml:10: listener "bad" was rejected by edge-b-1/s)
    await land.answers('edge-b', '/second', 200)
    await land.answers('edge-b', '/third', 404)
    t.equal(await land.status('edge-a', '/third'), 404)
    const view = await land.routing('the way back', (seen) => seen.gateways.every(({ proven }) => proven === 2))
    t.match(view, { holds: { number: 2 }, underway: null })
    t.ok(view.gateways.every(({ rejected }) => rejected.length === 0))
  })

  await t.test('a refusal by nginx -t halts it with file and line', async (t) => {
    const side = '      - { name: bad, address: 192.0.2.1, port: 1 }\n'
    const path = await land.write(land.declaration(second, { side }))
    const { code, out, err } = await heddle('apply', path, '--comment', 'bad', '--wait')
    t.equal(code, 1, err)
    t.match(out, /Version 4 is halted.*why: side: .*routes\.yaml:1[0-9]/s)
    await land.answers('side', '/second', 200)
  })

  await t.test('two people cannot overwrite each other', async (t) => {
    const path = await land.write(land.declaration())
    const { code, err } = await heddle('apply', path, '--comment', 'late', '--if-version', '1')
    t.equal(code, 5)
    t.match(err, /VERSION_CHANGED/)
    const request = { files: [{ file: 'x.yaml', text: land.declaration() }], comment: 'late', by: 'bob' }
    const body = JSON.stringify(request)
    const headers = { 'content-type': 'application/json', 'if-match': '"1"' }
    const answer = await fetch(`${plane.url}/v1/routing/versions`, { method: 'POST', headers, body })
    t.equal(answer.status, 412)
    t.match(await answer.json(), { code: 'VERSION_CHANGED', current: { made_for: '"1"', holds: { number: 2 } } })
  })

  await t.test('a rollback is a version of its own, and what holds outlives the plane', async (t) => {
    const { code, err } = await heddle('rollback', '1', '--comment', 'too much', '--wait', '--author', 'bob')
    t.equal(code, 0, err)
    for (const gateway of gateways) await land.answers(gateway, '/second', 404)
    const history = JSON.parse((await heddle('history', '--json')).out) as VersionView[]
    t.strictSame(
      history.map(({ number, state, author }) => [number, state, author]),
      [
        [5, 'applied', 'bob'],
        [4, 'halted', 'anna'],
        [3, 'halted', 'anna'],
        [2, 'rolled-back', 'anna'],
        [1, 'applied', 'anna'],
      ],
    )
    t.match(await heddle('diff', '2', '5'), { code: 0, out: /- route second/ })
    t.match(await heddle('history'), { out: /5 +holds.*too much.*5 brings version 1 back/s })
    const second = history.find(({ number }) => number === 2)
    t.match(await heddle('history', '--at', second?.ended_at ?? ''), { code: 0, out: /the second.*prefix: \/second/s })
    const { out: whole } = await heddle('history', '2')
    t.match(whole, /^--- routes\.yaml\ngateways:\n(.*\n)+ {2}- \{ prefix: \/second, service: web, path: keep \}\n/m)
    t.match(await heddle('history', '--at', '30d'), { code: 4, err: /no version held at that time/ })
    t.match(await heddle('history', '--at', '5'), { code: 2 })
    await plane.kill()
    await plane.start()
    await land.routing('the version', (view) => view.holds?.number === 5)
    await land.routing('its proof', (view) => view.gateways.every(({ proven }) => proven === 5))
    for (const gateway of gateways) t.equal(await land.status(gateway, '/web'), 200)
    t.match(await heddle('routes', 'side'), {
      code: 0,
      out: /side \(nginx\), version 5.*web +prefix \/web +web +keep +open +1 /s,
    })
  })
})
