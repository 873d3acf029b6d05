import fc from 'fast-check'
import t from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { healths } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { type AgentsPlane, startAgentsPlane, startJudges } from '#test/support/agents/agents-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

const nodes = [1, 2].map(nodeId)
const instances = ['a', 'b', 'c']
const slots = fc.nat(2)

/** What can happen, in any order. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('hello' as const),
      slot: slots,
      node: fc.constantFrom(...nodes),
      incarnation: fc.integer({ min: 1, max: 3 }),
      machine: fc.constantFrom('m1', 'm1', 'm1', 'm2'),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      slot: slots,
      named: fc.uniqueArray(
        fc.record({
          id: fc.constantFrom(...instances),
          port: fc.constantFrom(1, 2),
          health: fc.constantFrom(...healths),
          described: fc.boolean(),
        }),
        { selector: ({ id }) => id },
      ),
      withdrawn: fc.uniqueArray(fc.constantFrom(...instances)),
      whole: fc.boolean(),
      sequence: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('beat' as const, 'goodbye' as const, 'terminate' as const, 'garbage' as const),
      slot: slots,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('drain' as const, 'death' as const, 'removal' as const),
      id: fc.constantFrom(...instances),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disk' as const), writable: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function take(step: Step, plane: AgentsPlane, agents: (AgentClient | undefined)[]): Promise<void> {
  const { record } = plane.journal
  switch (step.kind) {
    case 'hello': {
      const agent = new AgentClient(plane.url)
      await agent.opened()
      agents[step.slot]?.terminate()
      agents[step.slot] = agent
      agent.send(helloOf({ node: step.node, incarnation: step.incarnation, machine: step.machine }))
      return
    }
    case 'report': {
      const named = step.named.map(({ id, port, health, described }) => {
        const { spec, ...rest } = passing(specOf({ id, port }))
        return {
          ...rest,
          health,
          reason: reason(health === 'passing' ? 'ok' : 'refused'),
          ...(described && spec ? { spec } : {}),
        }
      })
      const { whole, withdrawn, sequence } = step
      agents[step.slot]?.report(named, { whole, withdrawn, ...(sequence === undefined ? {} : { sequence }) })
      return
    }
    case 'beat':
    case 'goodbye':
      agents[step.slot]?.send({ type: step.kind })
      return
    case 'garbage':
      agents[step.slot]?.sendRaw('{"type":"report","sequence":0}')
      return
    case 'terminate':
      agents[step.slot]?.terminate()
      return
    case 'drain':
      void record(
        { kind: 'admitted', instance: step.id, admission: 'draining', reason: '', expiresAt: undefined },
        { by: 'operator:ann' },
      ).catch(() => {})
      return
    case 'death':
      void record(
        { kind: 'death-confirmed', instance: step.id, death: { how: 'refused', vantages: ['plane'] } },
        { by: 'plane:1' },
      ).catch(() => {})
      return
    case 'removal':
      void record({ kind: 'deregistered', instance: step.id, cause: 'operator' }, { by: 'operator:ann' }).catch(
        () => {},
      )
      return
    case 'disk':
      plane.journal.writable = step.writable
      return
    case 'turn':
      await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** A session of a new start of a node's agent, on whatever machine the node turned out to be. */
async function attach(plane: AgentsPlane, node: string, incarnation: number): Promise<AgentClient> {
  for (;;) {
    const machine = plane.fleet.nodes.get(node)?.spec.machine ?? 'm1'
    const agent = new AgentClient(plane.url)
    await agent.opened()
    agent.send(helloOf({ node, machine, incarnation }))
    const answer = await waitFor(() => agent.received[0], { what: 'an answer to hello', withinMs: 20_000, everyMs: 1 })
    if (answer?.type === 'welcome') return agent
    agent.terminate()
  }
}

const own: readonly (readonly string[])[] = [['a'], ['b', 'c']]

/** A last word of each node, so that it is clear what has to be believed. Who has an id has to let it go before another can have it. */
async function lastWord(plane: AgentsPlane): Promise<void> {
  plane.journal.writable = true
  const agents = await Promise.all(nodes.map((node) => attach(plane, node, 9)))
  for (const agent of agents) await agent.reported([], { whole: true })
  for (const [index, agent] of agents.entries()) {
    await agent.reported(
      (own[index] ?? []).map((id) => passing(specOf({ id, port: 7 }))),
      { whole: true },
    )
    agent.terminate()
  }
}

t.test('whatever agents say in whatever order, the plane lives, and believes what they say last', async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        await using plane = await startAgentsPlane()
        await using _judges = startJudges(plane)
        const agents: (AgentClient | undefined)[] = []
        for (const each of steps) await take(each, plane, agents)
        for (const agent of agents) agent?.terminate()
        await lastWord(plane)
        const { fleet, journal } = plane
        const believed = [...fleet.instances.values()].map(({ spec, node, origin, health, death }) => ({
          id: spec.id,
          port: spec.port,
          node,
          origin,
          health,
          death,
        }))
        const expected = { port: 7, origin: 'agent', health: 'passing', death: undefined }
        const replayed = new Fleet()
        replayed.apply(journal.entries)
        t.strictSame(
          believed.sort((a, b) => (a.id < b.id ? -1 : 1)),
          [
            { id: 'a', node: nodes[0], ...expected },
            { id: 'b', node: nodes[1], ...expected },
            { id: 'c', node: nodes[1], ...expected },
          ],
        )
        t.strictSame(replayed.state(), fleet.state())
        return t.passing()
      }),
      { numRuns: 60 },
    ),
  )
})
