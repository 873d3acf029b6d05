import t from 'tap'
import { startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { waitFor } from '#test/support/wait.ts'
import { SimulatedFleet } from './fleet.ts'

const shape = { agents: 40, perAgent: 3, services: 7, sites: ['tencent', 'alibaba'] }

t.test('a simulated fleet joins a plane, comes back as a herd, and has its changes taken in', async (t) => {
  await using plane = await startAgentsPlane()
  await using fleet = new SimulatedFleet({ url: plane.url, shape, shares: {}, seed: 1, metrics: true })
  t.match(await fleet.come(50), { in: 40, refused: {} })
  t.equal(plane.fleet.instances.size, 120)
  t.ok([...plane.fleet.instances.keys()].every((id) => plane.fleet.standing(id)?.routable === 'yes'))
  const opened = plane.sessions.figures().opened
  t.match(await fleet.herd(50), { in: 40 })
  t.equal(plane.sessions.figures().opened, opened + 40)
  t.match(await fleet.change(100, 0.5), { changes: 50, lost: 0 })
  const failing = [...plane.fleet.instances.values()].filter(({ health }) => health === 'critical').length
  t.ok(failing > 0, 'what failed once has failed')
  await waitFor(() => plane.heard.metrics.length, { what: 'metrics', withinMs: 60_000 })
  t.ok(plane.heard.beats.length > 0)
})

t.test('lives take their course, and at their end all is well', async (t) => {
  await using plane = await startAgentsPlane()
  const shares = { flapping: 0.3, leaving: 0.3, herd: 0.3 }
  await using fleet = new SimulatedFleet({ url: plane.url, shape, shares, seed: 3, metrics: false })
  await fleet.come(0)
  const done = await fleet.live(4)
  t.strictSame(Object.keys(done).sort(), ['break', 'fail', 'leave', 'recover', 'return'])
  await waitFor(() => fleet.in === shape.agents, { what: 'all agents', withinMs: 30_000 })
  const isWell = () => [...plane.fleet.instances.values()].every(({ health }) => health === 'passing')
  await waitFor(isWell, { what: 'all instances to be well', withinMs: 30_000 })
})
