import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import t, { type Test } from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { type AgentsPlane, quick, startAgentsPlane, startJudges } from '#test/support/agents/agents-plane.ts'
import { waitFor } from '#test/support/wait.ts'

const withinMs = 10_000

/** A node with one instance, in contact. */
async function attach(
  t: Test,
  plane: AgentsPlane,
  number: number,
  over: { readonly site?: string; readonly machine?: string } = {},
) {
  const node = nodeId(number)
  const agent = await AgentClient.attached(plane.url, helloOf({ node, ...over }))
  t.teardown(() => agent.terminate())
  agent.serve(quick.beatMs)
  const spec = specOf({ id: `crm-${number}`, address: '127.0.0.1', port: 8080 + number })
  await agent.reported([passing(spec)], { whole: true })
  return agent
}

const until = (plane: AgentsPlane, number: number, contact: string) =>
  waitFor(() => plane.fleet.nodes.get(nodeId(number))?.contact, {
    what: `contact ${contact} of node ${number}`,
    withinMs,
    until: (seen) => seen === contact,
  })

const kinds = (plane: AgentsPlane) => plane.journal.entries.map(({ event }) => event.change.kind)

t.test('a session that is gone makes its node suspect, then lost, and takes nothing out of routing', async (t) => {
  await using plane = await startAgentsPlane()
  await using _judges = startJudges(plane)
  const agent = await attach(t, plane, 1)
  agent.terminate()
  await until(plane, 1, 'suspect')
  t.equal(plane.fleet.standing('crm-1')?.routable, 'yes')
  await until(plane, 1, 'lost')
  t.equal(plane.fleet.standing('crm-1')?.routable, 'yes')
  await attach(t, plane, 1)
  t.equal(plane.fleet.nodes.get(nodeId(1))?.contact, 'connected')
})

t.test('a session that says nothing is suspect, and in contact again with its next word', async (t) => {
  await using plane = await startAgentsPlane()
  await using _judges = startJudges(plane)
  const agent = await attach(t, plane, 1)
  agent.freeze()
  await until(plane, 1, 'suspect')
  agent.thaw()
  await until(plane, 1, 'connected')
  t.equal(agent.closed, undefined)
})

t.test('an agent that said goodbye is lost like any other, but no sign of a broken network', async (t) => {
  await using plane = await startAgentsPlane()
  await using _judges = startJudges(plane)
  const agents = await Promise.all([1, 2, 3].map((number) => attach(t, plane, number)))
  for (const agent of agents) agent.send({ type: 'goodbye' })
  await Promise.all([1, 2, 3].map((number) => until(plane, number, 'lost')))
  t.notOk(kinds(plane).includes('hold-begun'))
  t.notOk(kinds(plane).includes('deregistered'))
  t.equal(plane.fleet.standing('crm-1')?.routable, 'yes')
})

t.test('after a restart of the plane who comes back in time was never suspect, and who does not is', async (t) => {
  await using before = await startAgentsPlane()
  const first = await attach(t, before, 1)
  const second = await attach(t, before, 2)
  const state = before.fleet.state()
  await before[Symbol.asyncDispose]()
  await Promise.all([first.ended(), second.ended()])
  const fleet = new Fleet()
  fleet.restore(state)
  await using after = await startAgentsPlane({ fleet, attachGraceMs: 1_000 })
  await using _judges = startJudges(after)
  await attach(t, after, 1)
  await until(after, 2, 'suspect')
  t.equal(fleet.nodes.get(nodeId(1))?.contact, 'connected')
  t.strictSame(kinds(after), ['node-attached', 'contact-changed'])
  t.equal(fleet.standing('crm-2')?.routable, 'yes')
})

t.test('machines lost together hold their site, and at the end of the hold fall to the lowest priority', async (t) => {
  await using plane = await startAgentsPlane()
  await using _judges = startJudges(plane)
  const [first, second] = await Promise.all([1, 2, 3, 4].map((number) => attach(t, plane, number)))
  const elsewhere = await attach(t, plane, 5, { site: 'alibaba' })
  first?.terminate()
  second?.terminate()
  await waitFor(() => plane.fleet.installation.holds.get('tencent'), { what: 'the hold', withinMs })
  t.strictSame(
    plane.fleet.installation.holds.get('tencent')?.machines,
    [1, 2].map((number) => `machine-of-${nodeId(number)}`),
  )
  t.equal(plane.fleet.installation.holds.size, 1)
  t.equal(plane.fleet.standing('crm-1')?.routable, 'yes')
  await waitFor(() => plane.fleet.installation.holds.size === 0, { what: 'the end of the hold', withinMs })
  t.match(plane.fleet.standing('crm-1'), { routable: 'last', consul: 'passing', reason: { code: 'contact_lost' } })
  t.equal(plane.fleet.standing('crm-3')?.routable, 'yes')
  t.equal(plane.fleet.standing('crm-5')?.routable, 'yes')
  t.ok(
    kinds(plane).lastIndexOf('node-demoted') < kinds(plane).indexOf('hold-ended'),
    'nobody is unprotected in between',
  )
  await attach(t, plane, 1)
  t.equal(plane.fleet.standing('crm-1')?.routable, 'yes')
  t.equal(elsewhere.closed, undefined)
})

t.test('a hold ends when its machines are back', async (t) => {
  await using plane = await startAgentsPlane()
  await using _judges = startJudges(plane)
  const agents = await Promise.all([1, 2, 3].map((number) => attach(t, plane, number)))
  for (const agent of agents.slice(0, 2)) agent.freeze()
  await waitFor(() => plane.fleet.installation.holds.size === 1, { what: 'the hold', withinMs })
  for (const agent of agents) agent.thaw()
  await waitFor(() => plane.fleet.installation.holds.size === 0, { what: 'the end of the hold', withinMs })
  t.notOk(kinds(plane).includes('node-demoted'))
})

/** A server that others than itself could reach: its name says which host it is on. */
async function startServer(answers: () => boolean) {
  const server = createServer((_request, response) => {
    if (answers()) response.end('{"status":"UP"}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const check: ProbeSpec = {
    kind: 'http',
    address: hostname(),
    port,
    path: '/',
    timeoutMs: 300,
    service: 'basic-server',
  }
  return { server, spec: specOf({ id: 'crm-1', address: hostname(), port, checks: [check] }) }
}

function stop(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** A node whose one instance is real, and which has been seen by the plane. */
async function attachReal(t: Test, plane: AgentsPlane, answers: () => boolean = () => true) {
  const { server, spec } = await startServer(answers)
  t.teardown(() => stop(server))
  const seen = once(server, 'request')
  const agent = await AgentClient.attached(plane.url, helloOf({ node: nodeId(1), machine: 'm1' }))
  t.teardown(() => agent.terminate())
  agent.serve(quick.beatMs)
  await agent.reported([passing(spec)], { whole: true })
  await seen
  return { agent, server, spec }
}

t.test('an instance outlives its agent, and when it dies the plane knows; its agent brings it back', async (t) => {
  await using plane = await startAgentsPlane()
  await using _judges = startJudges(plane)
  const { agent, server, spec } = await attachReal(t, plane)
  agent.terminate()
  await until(plane, 1, 'lost')
  t.equal(plane.fleet.standing(spec.id)?.routable, 'yes')
  stop(server)
  await waitFor(() => plane.fleet.instances.get(spec.id)?.death, { what: 'the death', withinMs })
  t.match(plane.fleet.instances.get(spec.id)?.death, { how: 'refused', vantages: ['plane'] })
  t.match(plane.fleet.standing(spec.id), { routable: 'no', consul: 'critical', status: 'failed' })
  await using again = await AgentClient.attached(plane.url, helloOf({ node: nodeId(1), machine: 'm1' }))
  again.serve(quick.beatMs)
  await again.reported([passing(spec)], { whole: true })
  t.equal(plane.fleet.instances.get(spec.id)?.death, undefined)
  t.equal(plane.fleet.standing(spec.id)?.routable, 'yes')
})

t.test(
  'a machine that answers nobody is dead when its neighbours are well, and not when the site is alone',
  async (t) => {
    await using plane = await startAgentsPlane()
    await using _judges = startJudges(plane)
    let answering = true
    const { agent, server, spec } = await attachReal(t, plane, () => answering)
    t.teardown(() => stop(server))
    answering = false
    agent.freeze()
    await until(plane, 1, 'lost')
    t.equal(plane.fleet.instances.get(spec.id)?.death, undefined)
    await attach(t, plane, 2)
    await waitFor(() => plane.fleet.instances.get(spec.id)?.death, { what: 'the death', withinMs })
    t.match(plane.fleet.instances.get(spec.id)?.death, { how: 'timeout' })
  },
)

t.test('agents on other machines are asked to look, too, those of its own machine are not', async (t) => {
  await using plane = await startAgentsPlane()
  await using _judges = startJudges(plane)
  const neighbour = await attach(t, plane, 2)
  const sameMachine = await attach(t, plane, 3, { machine: 'm1' })
  const { agent, server, spec } = await attachReal(t, plane)
  await waitFor(() => neighbour.desired().probes && Object.keys(neighbour.desired().probes ?? {}).length > 0, {
    what: 'the question',
    withinMs,
  })
  agent.terminate()
  await until(plane, 1, 'suspect')
  stop(server)
  await waitFor(() => plane.fleet.instances.get(spec.id)?.death, { what: 'the death', withinMs })
  t.strictSame(sameMachine.desired().probes, {})
})

t.test('an agent whose instances died while it was silent has to say everything anew', async (t) => {
  await using plane = await startAgentsPlane()
  await using _judges = startJudges(plane)
  const { agent, server, spec } = await attachReal(t, plane)
  agent.freeze()
  await until(plane, 1, 'suspect')
  stop(server)
  await waitFor(() => plane.fleet.instances.get(spec.id)?.death, { what: 'the death', withinMs })
  agent.thaw()
  t.match(await agent.receive('refused'), { code: 'say-again', retry: true })
  t.ok(plane.fleet.instances.get(spec.id)?.death, 'a beat alone does not bring it back')
})
