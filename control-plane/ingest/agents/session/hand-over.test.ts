import t from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { reason } from '#shared/protocol/reason.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { waitFor } from '#test/support/wait.ts'

const knows = { moves: { choice: 0, of: 2 } }
const asked = (agent: AgentClient) => agent.received.filter(({ type }) => type === 'move')
const until = (look: () => unknown, what: string) => waitFor(look, { what, withinMs: 20_000 })

/** Another plane has attached the node: the journal says so. */
const attachElsewhere = (plane: Awaited<ReturnType<typeof startAgentsPlane>>, node: string) =>
  plane.journal.record(
    { kind: 'node-attached', node, attachment: { replica: 'plane-2', session: 'there' } },
    { by: `agent:${node}` },
  )

t.test('a plane that leaves asks its agents to go, and waits for those that can', async (t) => {
  await using plane = await startAgentsPlane()
  await using moves = await AgentClient.attached(plane.url, helloOf({ node: nodeId(1), ...knows }))
  await using cannot = await AgentClient.attached(plane.url, helloOf({ node: nodeId(2), ...knows }))
  await using old = await AgentClient.attached(plane.url, helloOf({ node: nodeId(3) }))
  const done = plane.sessions.handOver(60_000)
  await until(() => asked(moves).length === 1 && asked(cannot).length === 1, 'both to be asked')
  t.equal(asked(old).length, 0, 'it would not understand')
  await t.rejects(AgentClient.attached(plane.url, helloOf({ node: nodeId(4) })), /503/, 'nobody else is taken')
  cannot.send({ type: 'stays' })
  await attachElsewhere(plane, nodeId(1))
  t.match(await moves.ended(), { code: 1000 })
  t.strictSame(await done, { gone: 1, left: 2 })
  t.equal(cannot.closed, undefined, 'it is served on')
})

t.test('it waits no longer than it may', async (t) => {
  await using plane = await startAgentsPlane()
  await using _agent = await AgentClient.attached(plane.url, helloOf({ node: nodeId(1), ...knows }))
  t.strictSame(await plane.sessions.handOver(50), { gone: 0, left: 1 })
})

t.test('a session that was left is no silence, and what it still says does not count', async (t) => {
  const fleet = new Fleet()
  await using plane = await startAgentsPlane({ fleet })
  const node = nodeId(1)
  const spec = specOf({ id: 'crm-1', checks: [] })
  await using agent = await AgentClient.attached(plane.url, helloOf({ node, ...knows }))
  await agent.reported([passing(spec)], { whole: true })
  // The word is on its way to the disk when the agent attaches to another plane.
  const moved = attachElsewhere(plane, node)
  agent.report([{ ...passing(spec), health: 'critical', reason: reason('refused') }])
  await moved
  await agent.ended()
  t.equal(fleet.instances.get(spec.id)?.health, 'passing')
  t.equal(fleet.standing(spec.id)?.routable, 'yes')
  t.match(plane.sessions.sign(node), { kind: 'awaited' }, 'that plane is not known to live')
})

t.test('only agents that would rather be elsewhere are asked to spread anew, and each once', async (t) => {
  await using plane = await startAgentsPlane()
  await using home = await AgentClient.attached(plane.url, helloOf({ node: nodeId(1), ...knows }))
  await using guest = await AgentClient.attached(plane.url, helloOf({ node: nodeId(2), moves: { choice: 1, of: 2 } }))
  await using balanced = await AgentClient.attached(
    plane.url,
    helloOf({ node: nodeId(3), moves: { choice: 0, of: 1 } }),
  )
  t.equal(plane.sessions.offer(0), 0)
  t.equal(plane.sessions.offer(1), 1)
  t.equal(plane.sessions.offer(9), 1)
  t.equal(plane.sessions.offer(9), 0)
  await until(() => asked(guest).length + asked(balanced).length === 2, 'both')
  t.match(asked(guest), [{ why: 'balance' }])
  t.equal(asked(home).length, 0)
})
