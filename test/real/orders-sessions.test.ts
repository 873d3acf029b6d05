import t from 'tap'
import { desiredView } from '#control-plane/api/desired-view.ts'
import type { Change } from '#control-plane/fleet/event.ts'
import { desiredKeys } from '#shared/protocol/desired-keys.ts'
import type { Desired } from '#shared/protocol/messages.ts'
import { AgentClient, helloOf, nodeId } from '#test/support/agents/agent-client.ts'
import { type AgentsPlane, startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(60_000)

const withinMs = 10_000
const node = nodeId(1)
const restart: Change = {
  kind: 'restart-ordered',
  node,
  id: 'r-1',
  name: 'crm',
  reason: 'why',
  expiresAt: Date.now() + 3_600_000,
}
const level: Change = { kind: 'log-level-ordered', node, level: 'debug', reason: 'why', expiresAt: null }
const settings = (scope: string, document: Record<string, unknown>): Change => {
  return { kind: 'settings-written', scope, document, comment: '', restores: null }
}

/** What an agent has been told, put together as an agent does it. */
function told(agent: AgentClient): Partial<Desired> {
  let desired: Partial<Desired> = {}
  for (const message of agent.received) {
    if (message.type === 'desired')
      desired = { ...(message.whole ? {} : desired), ...JSON.parse(JSON.stringify(message.desired)) }
  }
  return desired
}

async function toldOf(agent: AgentClient, what: string, until: (desired: Partial<Desired>) => boolean) {
  return waitFor(() => told(agent), { what, withinMs, until })
}

async function order(plane: AgentsPlane, ...changes: readonly Change[]): Promise<void> {
  for (const change of changes) await plane.journal.record(change, { by: 'operator:anna' })
}

const viewOf = ({ fleet, sessions }: AgentsPlane) =>
  desiredView(node, fleet, { doing: (id) => sessions.doings.of(id), takes: (id) => sessions.takes(id) })

await t.test('what is desired is told whole at the start, then as it changes', async (t) => {
  await using plane = await startAgentsPlane()
  {
    await using agent = await AgentClient.attached(plane.url, helloOf({ node, site: 'a' }))
    await toldOf(agent, 'the whole', ({ logging }) => logging?.level === null)
    await order(plane, level, settings('site:a', { a: 1 }), settings('site:b', { b: 1 }), restart)
    const desired = await toldOf(agent, 'the changes', ({ restarts }) => restarts?.['r-1'] !== undefined)
    t.match(desired, {
      logging: { level: 'debug', by: 'operator:anna' },
      settings: { version: 'site:a@1', document: { a: 1 } },
      restarts: { 'r-1': { name: 'crm', leftMs: Number } },
    })
  }
  await using again = await AgentClient.attached(plane.url, helloOf({ node, site: 'b', incarnation: 2 }))
  const desired = await toldOf(again, 'the whole again', ({ logging }) => logging !== undefined)
  t.match(desired, { logging: { level: 'debug' }, settings: { version: 'site:b@1' }, restarts: { 'r-1': {} } })
  const outcome = { state: 'done', code: 0, output: 'x', tookMs: 1 } as const
  for (const _ of [1, 2]) again.send({ type: 'restarted', id: 'r-1', outcome })
  again.send({ type: 'restarted', id: 'r-9', outcome })
  await toldOf(again, 'the end of the order', ({ restarts }) => restarts !== undefined && !('r-1' in restarts))
  t.match(plane.fleet.orders.get(node)?.restarts, [{ id: 'r-1', outcome }])
  t.equal(plane.journal.entries.filter(({ event }) => event.change.kind === 'restart-ended').length, 1)
})

await t.test('what only counts down is not told again', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await order(plane, { ...level, expiresAt: Date.now() + 3_600_000 })
  await toldOf(agent, 'the level', ({ logging }) => logging?.level === 'debug')
  await order(plane, restart)
  await toldOf(agent, 'the restart', ({ restarts }) => restarts?.['r-1'] !== undefined)
  const levels = agent.received.filter((message) => message.type === 'desired' && message.desired.logging)
  t.equal(levels.length, 2, 'none at first, then the one')
})

await t.test('an agent of an older version is shown as such; one that says what it does, with that', async (t) => {
  await using plane = await startAgentsPlane()
  {
    await using _old = await AgentClient.attached(plane.url, helloOf({ node }))
    t.match(viewOf(plane), { logging: { state: 'unsupported' }, settings: { state: 'unsupported' } })
  }
  await using agent = await AgentClient.attached(
    plane.url,
    helloOf({ node, incarnation: 2, takes: [...desiredKeys, 'of the future'] }),
  )
  t.match(viewOf(plane), { logging: { state: 'unknown' } })
  agent.send({
    type: 'doing',
    logging: { level: 'info', ordered: false },
    settings: { version: '' },
    restarts: { allowed: ['crm'] },
    admissions: {},
    probesRefused: {},
  })
  await waitFor(() => viewOf(plane)?.logging.state === 'done', { what: 'its word', withinMs })
  t.match(viewOf(plane), { restarts: { allowed: ['crm'] } })
})

await t.test('a probe that an agent refuses is no verdict', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  const answer = plane.sessions.ask(node, { kind: 'tcp', address: '10.0.0.9', port: 1, timeoutMs: 100 }, withinMs)
  const { probes = {} } = await toldOf(agent, 'the probe', ({ probes }) => Object.keys(probes ?? {}).length > 0)
  const [id = ''] = Object.keys(probes)
  const verdict = { health: 'unknown', reason: { code: 'no_verdict' } } as const
  agent.send({ type: 'probed', id, ...verdict, tookMs: 0, refused: 'address' })
  t.equal(await answer, undefined)
})
