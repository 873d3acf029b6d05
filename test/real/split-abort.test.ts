import t from 'tap'
import { SplitScene, startSide } from '#test/support/routing/split-scene.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)

const users = Array.from({ length: 10 }, (_, index) => ({ 'x-user-id': `user-${index}` }))
const half = (requests: number) =>
  `{ canary: { service: crm-next }, by: { header: x-user-id }, steps: [50%, 100%], hold: 0s, gate: { requests: ${requests}, window: 1m } }`

await t.test('a canary that fails is taken back by its gate, and all users with it', async (t) => {
  await using scene = await SplitScene.start(half(100))
  await scene.order('start')
  for (const gateway of ['edge', 'side'] as const) await scene.shareOf(gateway, 100, 0.5)
  scene.canaryStatus = 500
  await scene.askUntil('aborted', 0, users)
  for (const gateway of ['edge', 'side'] as const) await scene.shareOf(gateway, 50, 0)
  const last = scene.state.transitions.at(-1)
  t.match(last, { by: 'gate', phase: 'aborted', reason: 'too_many_errors' })
  t.ok((last?.measured?.canary?.errors ?? 0) > 1, 'it carries the figures that decided')
  t.equal(last?.measured?.baseline?.errors, 0)
})

await t.test('without traffic nothing is promoted, and a restart of the plane changes nobody', async (t) => {
  await using scene = await SplitScene.start(half(1))
  scene.counts = false
  await scene.order('start')
  const before = await scene.shareOf('edge', 100, 0.5)
  // That nothing came is known, too.
  scene.routed.routing.traffic.count('edge', [], Date.now(), [])
  for (let looks = 0; looks < 5; looks += 1) await scene.routed.routing.splits.look()
  t.match(scene.state, { phase: 'running', step: 0 })

  await scene.routed.stop()
  await scene.routed.start()
  scene.serveNginx()
  const seen = new Set<string>()
  for (let looks = 0; looks < 20; looks += 1) {
    await scene.routed.routing.splits.look()
    const on = await scene.onCanary('edge', 10)
    seen.add([...on].join())
  }
  t.equal(seen.size, 1, 'no user was moved')
  t.strictSame(await scene.onCanary('edge', 100), before)
  t.match(scene.state, { phase: 'running', step: 0 }, 'and it goes on where it was')
})

await t.test('users are taken from a canary that fails although the reload budget of Nginx is used up', async (t) => {
  await using gateway = await startSide()
  const split = `{ canary: { service: crm-next }, by: { header: x-user-id }, steps: [20%, 50%, 100%], hold: 1h, gate: { requests: 100 } }`
  await using scene = await SplitScene.start(split, gateway)
  await scene.order('start')
  await scene.shareOf('side', 100, 0.2)
  await gateway.stop()
  gateway.start({ reloads_per_minute: 1 })
  await scene.shareOf('side', 100, 0.2)
  await scene.order('promote')
  await scene.shareOf('side', 100, 0.5)
  const before = gateway.outcomes.length
  await scene.order('promote')
  await waitFor(() => gateway.outcomes.slice(before), {
    what: 'the budget to be used up',
    withinMs: 20_000,
    until: (seen) => seen.at(-1)?.state === 'waiting',
  })
  await scene.shareOf('side', 100, 0.5)
  scene.canaryStatus = 500
  await scene.askUntil('aborted', 2, users)
  // Within half a minute, where the budget would have it wait for a whole one.
  await scene.shareOf('side', 100, 0)
  await waitFor(() => gateway.outcomes.at(-1), {
    what: 'the proof',
    withinMs: 20_000,
    until: (last) => last?.state === 'proven' && last.reloaded,
  })
  t.match(scene.state.transitions.at(-1), { by: 'gate', reason: 'too_many_errors' })
})
