import t from 'tap'
import { SplitScene } from '#test/support/routing/split-scene.ts'

t.setTimeout(150_000)

const cohort = { 'x-canary': 'yes' }
const users = Array.from({ length: 10 }, (_, index) => ({ 'x-user-id': `user-${index}` }))

await t.test('the cohort comes first, then shares of users that only grow, and everybody can go back', async (t) => {
  await using scene = await SplitScene.start(
    '{ canary: { service: crm-next }, cohort: { x-canary: "yes" }, by: { header: x-user-id }, ' +
      'steps: [cohort, 30%, 60%, 100%], hold: 0s, gate: { requests: 20, window: 1m } }',
  )
  t.equal(await scene.ask('edge', cohort), 'crm', 'nothing goes to the canary before it is started')
  t.equal(scene.state.phase, 'ready')
  await scene.order('start')
  await scene.settledOn('crm-next', cohort)
  t.equal(
    (await scene.onCanary('edge', 20)).size + (await scene.onCanary('side', 20)).size,
    0,
    'only the cohort is there',
  )

  await scene.askUntil('running', 1, [cohort, ...users])
  await scene.order('pause')
  const gateways = ['edge', 'side'] as const
  const some = 200
  const before = new Map<string, ReadonlySet<string>>()
  for (const gateway of gateways) {
    before.set(gateway, await scene.shareOf(gateway, some, 0.3))
  }
  for (let looks = 0; looks < 3; looks += 1) await scene.routed.routing.splits.look()
  t.equal(scene.state.step, 1, 'while it is paused it goes no further, however well the canary does')

  await scene.order('resume')
  await scene.askUntil('running', 2, [cohort, ...users])
  await scene.order('pause')
  for (const gateway of gateways) {
    const on = await scene.shareOf(gateway, some, 0.6)
    t.ok(
      [...(before.get(gateway) ?? [])].every((user) => on.has(user)),
      `${gateway}: nobody went back`,
    )
  }
  await scene.order('promote')
  await scene.askUntil('kept', 3, [cohort, ...users])
  for (const gateway of gateways) await scene.shareOf(gateway, 20, 1)
  await scene.order('abort')
  for (const gateway of gateways) await scene.shareOf(gateway, 20, 0)
  t.equal(await scene.ask('edge', cohort), 'crm', 'the cohort too')
  t.match(
    scene.state.transitions.map(({ by, phase, reason }) => `${by}: ${phase}, ${reason}`),
    [
      'anna: running, asked',
      'gate: running, gate_passed',
      'anna: paused, asked',
      'anna: running, asked',
      'gate: running, gate_passed',
      'anna: paused, asked',
      'anna: running, asked',
      'gate: kept, gate_passed',
      'anna: aborted, asked',
    ],
  )
})
