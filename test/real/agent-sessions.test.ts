import t from 'tap'
import { mostMessageBytes } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { AgentClient, helloOf, nodeId, passing, refused, specOf } from '#test/support/agents/agent-client.ts'
import { startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { waitFor } from '#test/support/wait.ts'

const node = nodeId(1)
const spec = specOf({ id: 'crm-1' })
const within = { withinMs: 20_000, everyMs: 2 }

t.test('a hello is answered with a session and the whole desired state', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node, site: '腾讯云' }))
  t.match(await agent.receive('welcome'), { plane: 'plane-1', session: /^s-/ })
  t.match(await agent.receive('desired'), { whole: true, desired: { admissions: {}, gateways: {}, probes: {} } })
  t.match(plane.fleet.nodes.get(node), { contact: 'connected', spec: { site: '腾讯云', incarnation: 1 } })
  t.equal(plane.fleet.nodes.get(node)?.attachment?.session, (await agent.receive('welcome')).session)
})

t.test('a report is acknowledged when it is recorded, and saying it again records nothing', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  t.match(plane.fleet.instances.get(spec.id), {
    node,
    origin: 'agent',
    health: 'passing',
    registeredBy: `agent:${node}`,
  })
  const recorded = plane.journal.entries.length
  await agent.reported([passing(spec)], { whole: true })
  await agent.reported([{ id: spec.id, health: 'passing', reason: reason('ok'), ageMs: 5 }])
  t.equal(plane.journal.entries.length, recorded)
})

t.test('a whole report withdraws what it does not name, and only what is the node’s own', async (t) => {
  await using plane = await startAgentsPlane()
  const { record } = plane.journal
  await record(
    { kind: 'registered', instance: 'client-1', spec: specOf({ id: 'client-1' }), node, origin: 'client' },
    { by: 'client:client-1' },
  )
  await using other = await AgentClient.attached(plane.url, helloOf({ node: nodeId(2) }))
  await other.reported([passing(specOf({ id: 'theirs' }))], { whole: true })
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec), passing(specOf({ id: 'crm-2' }))], { whole: true })
  await agent.reported(
    [passing(spec), passing(specOf({ id: 'theirs', port: 9 })), passing(specOf({ id: 'client-1', port: 9 }))],
    {
      whole: true,
      withdrawn: ['theirs', 'client-1'],
    },
  )
  t.strictSame([...plane.fleet.instances.keys()].sort(), ['client-1', spec.id, 'theirs'])
  t.match(plane.fleet.instances.get('theirs'), { node: nodeId(2), spec: { port: 8080 } })
  t.match(plane.fleet.instances.get('client-1'), { origin: 'client', spec: { port: 8080 } })
})

t.test('a report that is read late does not undo a newer one', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  await agent.acknowledged(agent.report([refused(spec)], { sequence: 9 }))
  await agent.acknowledged(agent.report([passing(spec)], { sequence: 4 }))
  t.equal(plane.fleet.instances.get(spec.id)?.health, 'critical')
})

t.test(
  'a critical verdict takes an instance out by the first change, and an answer is only given afterwards',
  async (t) => {
    await using plane = await startAgentsPlane()
    await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
    await agent.reported([passing(spec)], { whole: true })
    const removals: boolean[] = []
    plane.fleet.watch(({ removal }) => removals.push(removal))
    const sequence = agent.report([refused(spec)])
    await waitFor(() => removals.length > 0, { what: 'the removal', ...within })
    t.equal(removals[0], true)
    t.match(plane.fleet.standing(spec.id), { routable: 'no', reason: { code: 'refused' } })
    await agent.acknowledged(sequence)
  },
)

t.test('a full disk costs acknowledgements, not the removal of a dead endpoint', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  plane.journal.writable = false
  const sequence = agent.report([refused(spec)])
  await waitFor(() => plane.fleet.standing(spec.id)?.routable === 'no', { what: 'the removal', ...within })
  t.equal(plane.fleet.instances.get(spec.id)?.health, 'passing')
  t.notOk(agent.received.some((message) => message.type === 'ack' && message.sequence === sequence))
  plane.journal.writable = true
  await agent.acknowledged(sequence)
  t.equal(plane.fleet.instances.get(spec.id)?.health, 'critical')
})

t.test('a removal is taken back when the agent takes it back before it is on disk', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  plane.journal.writable = false
  agent.report([refused(spec)])
  await waitFor(() => plane.fleet.standing(spec.id)?.routable === 'no', { what: 'the removal', ...within })
  const sequence = agent.report([passing(spec)])
  await waitFor(() => plane.fleet.standing(spec.id)?.routable === 'yes', { what: 'its return', ...within })
  plane.journal.writable = true
  await agent.acknowledged(sequence)
  t.equal(plane.fleet.standing(spec.id)?.routable, 'yes')
})

t.test('a higher incarnation replaces the session at once, and the old process stays out', async (t) => {
  await using plane = await startAgentsPlane()
  await using first = await AgentClient.attached(plane.url, helloOf({ node, incarnation: 1 }))
  await using second = await AgentClient.attached(plane.url, helloOf({ node, incarnation: 2 }))
  t.match(await first.receive('refused'), { code: 'replaced', retry: false })
  await first.ended()
  t.equal(plane.sessions.sign(node).kind, 'live')
  await using third = new AgentClient(plane.url)
  await third.opened()
  third.send(helloOf({ node, incarnation: 1 }))
  t.match(await third.receive('refused'), { code: 'superseded', retry: false })
  await second.reported([passing(spec)], { whole: true })
  t.equal(plane.fleet.nodes.get(node)?.spec.incarnation, 2)
})

t.test('the same process may come back while its old connection hangs', async (t) => {
  await using plane = await startAgentsPlane()
  await using first = await AgentClient.attached(plane.url, helloOf({ node }))
  first.freeze()
  await using second = await AgentClient.attached(plane.url, helloOf({ node }))
  await second.reported([passing(spec)], { whole: true })
  t.strictSame(plane.journal.kindsOf(node), ['node-joined', 'node-attached', 'node-attached'])
})

t.test('the same node on another machine is refused and both are named', async (t) => {
  await using plane = await startAgentsPlane()
  await using _first = await AgentClient.attached(plane.url, helloOf({ node, machine: 'm1' }))
  await using copy = new AgentClient(plane.url)
  await copy.opened()
  copy.send(helloOf({ node, machine: 'm2', incarnation: 5 }))
  t.match(await copy.receive('refused'), { code: 'node-elsewhere', retry: false, message: /m1.*m2/ })
  t.equal(plane.sessions.sign(node).kind, 'live')
})

for (const { name, options, protocol } of [
  { name: 'a browser', options: { origin: 'http://console.example' }, protocol: 'heddle.v1' },
  { name: 'another protocol', options: {}, protocol: 'heddle.v9' },
]) {
  t.test(`${name} is not let in`, async (t) => {
    await using plane = await startAgentsPlane()
    await using agent = new AgentClient(plane.url, options, protocol)
    await t.rejects(agent.opened(), /Unexpected server response: 40[03]/)
  })
}

t.test('nobody is let in before the journal is loaded, and other paths are not there', async (t) => {
  await using plane = await startAgentsPlane()
  await using elsewhere = new AgentClient(`${plane.url}/other`)
  await t.rejects(elsewhere.opened(), /404/)
  Object.defineProperty(plane.fleet, 'complete', { value: false })
  await using early = new AgentClient(plane.url)
  await t.rejects(early.opened(), /503/)
})

for (const { name, sent, code } of [
  { name: 'text that is no JSON', sent: 'hello', code: 'bad-message' },
  { name: 'bytes', sent: Buffer.from([1, 2, 3]), code: 'bad-message' },
  { name: 'a report before hello', sent: '{"type":"report","sequence":1}', code: 'hello-missing' },
  { name: 'a hello without a node', sent: '{"type":"hello"}', code: 'bad-message' },
]) {
  t.test(`${name} ends its own session only`, async (t) => {
    await using plane = await startAgentsPlane()
    await using good = await AgentClient.attached(plane.url, helloOf({ node }))
    await using bad = new AgentClient(plane.url)
    await bad.opened()
    bad.sendRaw(sent)
    t.match(await bad.receive('refused'), { code })
    await bad.ended()
    await good.reported([passing(spec)], { whole: true })
  })
}

for (const { name, report, code } of [
  {
    name: 'an instance that was never described',
    report: { instances: [{ id: 'x', health: 'passing', reason: { code: 'ok' }, ageMs: 0 }] },
    code: 'spec-missing',
  },
  {
    name: 'a reason whose code is none',
    report: { instances: [{ id: 'x', health: 'passing', reason: { code: 'Fine!' }, ageMs: 0 }] },
    code: 'bad-message',
  },
]) {
  t.test(`${name} ends the session and says why`, async (t) => {
    await using plane = await startAgentsPlane()
    await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
    agent.sendRaw(JSON.stringify({ type: 'report', sequence: 1, ...report }))
    t.match(await agent.receive('refused'), { code, retry: true })
  })
}

t.test('a message that is too large ends the session', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  agent.sendRaw('x'.repeat(mostMessageBytes + 1))
  t.equal((await agent.ended()).code, 1009)
})

t.test('what is said before the welcome is heard after it', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = new AgentClient(plane.url)
  await agent.opened()
  agent.send(helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  t.equal(plane.fleet.instances.get(spec.id)?.health, 'passing')
})

t.test('a goodbye is closed in good order, after its last report is on disk, and deletes nothing', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  const sequence = agent.report([passing(spec)], { whole: true })
  agent.send({ type: 'goodbye' })
  await agent.acknowledged(sequence)
  t.strictSame(await agent.ended(), { code: 1000, why: 'goodbye' })
  t.match(plane.sessions.sign(node), { kind: 'gone', goodbye: true })
  const known = { contact: 'connected', goodbye: true }
  t.match(plane.fleet.nodes.get(node), known, 'a plane that ends before the node is missed leaves that to the next one')
  t.equal(plane.fleet.standing(spec.id)?.routable, 'yes')
})

t.test('while the store is away no session begins, and the one that there is goes on', async (t) => {
  let isThere = true
  await using plane = await startAgentsPlane({ canRecord: () => isThere })
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  isThere = false
  plane.journal.writable = false
  // It was asked to go, and behind its only address is the same plane.
  await using again = new AgentClient(plane.url)
  await again.opened()
  again.send(helloOf({ node }))
  t.match(await again.receive('refused'), { code: 'store-unavailable', retry: true })
  const sequence = agent.report([refused(spec)])
  await waitFor(() => plane.fleet.standing(spec.id)?.routable === 'no', { what: 'the removal', ...within })
  t.match(plane.sessions.sign(node), { kind: 'live' })
  isThere = true
  plane.journal.writable = true
  await agent.acknowledged(sequence)
  t.equal(plane.fleet.instances.get(spec.id)?.health, 'critical')
  await using other = await AgentClient.attached(plane.url, helloOf({ node }))
  t.match(await other.receive('welcome'), { plane: 'plane-1' })
})

t.test('a drain reaches the agent, and so does its end', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  const admit = (admission: 'draining' | 'active') =>
    plane.journal.record(
      { kind: 'admitted', instance: spec.id, admission, reason: 'update', expiresAt: undefined },
      { by: 'operator:ann' },
    )
  await admit('draining')
  await waitFor(() => agent.desired().admissions?.[spec.id], { what: 'the drain', ...within })
  t.strictSame(agent.desired().admissions, {
    [spec.id]: { admission: 'draining', reason: 'update', by: 'operator:ann' },
  })
  await using again = await AgentClient.attached(plane.url, helloOf({ node }))
  await again.receive('desired')
  t.strictSame(again.desired().admissions, agent.desired().admissions)
  await admit('active')
  await waitFor(() => Object.keys(again.desired().admissions ?? {}).length === 0, {
    what: 'the end of the drain',
    ...within,
  })
})

t.test('a drained instance that is withdrawn is wanted no more', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  await plane.journal.record(
    { kind: 'admitted', instance: spec.id, admission: 'maintenance', reason: '', expiresAt: undefined },
    { by: 'operator:ann' },
  )
  await waitFor(() => agent.desired().admissions?.[spec.id], { what: 'the maintenance', ...within })
  await agent.reported([], { withdrawn: [spec.id] })
  await waitFor(() => Object.keys(agent.desired().admissions ?? {}).length === 0, { what: 'its end', ...within })
  t.equal(plane.fleet.instances.has(spec.id), false)
})

const files = (version: string, content = 'server {}') => ({
  proxy: 'nginx' as const,
  version,
  revision: 1,
  urgent: false,
  files: [{ path: 'heddle-edge.conf', content }],
})

t.test(
  'a gateway’s files reach the nodes that run it, newest first and last, and their outcome comes back',
  async (t) => {
    await using plane = await startAgentsPlane()
    await using other = await AgentClient.attached(plane.url, helloOf({ node: nodeId(2) }))
    await using agent = await AgentClient.attached(
      plane.url,
      helloOf({ node, gateways: [{ gateway: 'edge', proxy: 'nginx' }] }),
    )
    for (const version of ['v1', 'v2', 'v3']) plane.sessions.setGatewayFiles('edge', files(version))
    await waitFor(() => agent.desired().gateways?.edge?.version === 'v3', { what: 'the newest files', ...within })
    const told = agent.received.filter((message) => message.type === 'desired').length
    t.ok(told <= 2, 'what was overtaken is not sent')
    const outcome = { state: 'blocked' as const, version: 'v3', error: 'no room' }
    agent.send({ type: 'applied', gateway: 'edge', outcome })
    agent.send({ type: 'applied', gateway: 'not-mine', outcome })
    await agent.reported([], { whole: true })
    t.strictSame(plane.heard.outcomes, [{ gateway: 'edge', node, state: 'blocked' }])
    t.strictSame(other.desired().gateways, {})
    plane.sessions.setGatewayFiles('edge', undefined)
    await waitFor(() => Object.keys(agent.desired().gateways ?? { edge: 1 }).length === 0, {
      what: 'their end',
      ...within,
    })
  },
)

t.test('files that no message holds are reported, and the rest of the desired state still arrives', async (t) => {
  await using plane = await startAgentsPlane()
  plane.sessions.setGatewayFiles('edge', files('v1', 'x'.repeat(mostMessageBytes)))
  await using agent = await AgentClient.attached(
    plane.url,
    helloOf({ node, gateways: [{ gateway: 'edge', proxy: 'nginx' }] }),
  )
  t.match(await agent.receive('desired'), { whole: true, desired: { admissions: {} } })
  t.match(plane.heard.outcomes[0], { gateway: 'edge', node, state: 'blocked' })
})

t.test('an agent runs a probe for another, and only what was asked is an answer', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  const asked = plane.sessions.ask(node, { kind: 'tcp', address: '10.0.0.9', port: 80, timeoutMs: 100 }, 5_000)
  const probes = await waitFor(() => Object.entries(agent.desired().probes ?? {}), {
    what: 'the question',
    ...within,
    until: (all) => all.length > 0,
  })
  const answer = { type: 'probed', health: 'critical', reason: reason('refused'), tookMs: 1 } as const
  agent.send({ ...answer, id: 'p-not-asked' })
  agent.send({ ...answer, id: probes[0]?.[0] ?? '' })
  t.strictSame(await asked, { health: 'critical', reason: { code: 'refused' }, tookMs: 1 })
})

t.test('who does not answer a question in time, or is not there, says nothing', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  const check = { kind: 'tcp', address: '10.0.0.9', port: 80, timeoutMs: 100 } as const
  t.equal(await plane.sessions.ask(node, check, 20), undefined)
  t.equal(await plane.sessions.ask(nodeId(7), check, 5_000), undefined)
  const asked = plane.sessions.ask(node, check, 60_000)
  agent.terminate()
  t.equal(await asked, undefined)
})

t.test('a peer that answers no ping is cut off, and one that does is not', async (t) => {
  await using plane = await startAgentsPlane({ pingMs: 100 })
  await using dead = await AgentClient.attached(plane.url, helloOf({ node }))
  await using alive = await AgentClient.attached(plane.url, helloOf({ node: nodeId(2) }))
  dead.freeze()
  await waitFor(() => plane.sessions.sign(node).kind === 'gone', { what: 'the end of the session', ...within })
  t.equal(plane.sessions.sign(nodeId(2)).kind, 'live')
  t.equal(plane.sessions.figures().sessions, 1)
  t.equal(alive.closed, undefined)
})

t.test('beats and metrics are handed on, metrics once', async (t) => {
  await using plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  agent.send({ type: 'beat', lagMs: 1 })
  const report = { type: 'report', sequence: 1, metrics: [{ name: 'host_cpu', value: 12.5, unit: 'percent' }] } as const
  agent.send({ ...report, metrics: [...report.metrics] })
  agent.send({ ...report, metrics: [...report.metrics] })
  await agent.reported([], { whole: true })
  t.ok(plane.heard.beats.length >= 3)
  t.strictSame(plane.heard.metrics, [{ node, name: 'host_cpu', value: 12.5 }])
})

t.test('a hello that cannot be written down is refused for now', async (t) => {
  await using plane = await startAgentsPlane()
  plane.journal.writable = false
  await using agent = new AgentClient(plane.url)
  await agent.opened()
  agent.send(helloOf({ node }))
  t.match(await agent.receive('refused'), { code: 'store-unavailable', retry: true })
})

t.test('a plane that stops closes its sessions and records nothing of it', async (t) => {
  const plane = await startAgentsPlane()
  await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
  await agent.reported([passing(spec)], { whole: true })
  const recorded = plane.journal.entries.length
  await plane[Symbol.asyncDispose]()
  t.equal((await agent.ended()).code, 1001)
  t.equal(plane.journal.entries.length, recorded)
})
