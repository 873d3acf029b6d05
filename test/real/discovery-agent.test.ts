import { chown, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Discovered, Found } from '#shared/protocol/discovery.ts'
import { instanceId } from '#shared/protocol/identity.ts'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { nobody, spawnAsNobody, whyNotNobody } from '#test/support/as-nobody.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { freePort } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const discovery = (ports: readonly number[], more: object = {}) => ({
  discovery: { enabled: true, ports, every: '200ms', ...more },
})

function found(plane: AgentRecorder, port: number): Found | undefined {
  const last: Discovered | undefined = plane.all('discovered').at(-1)?.message
  return last?.found.find((each) => each.port === port)
}

function untilFound(plane: AgentRecorder, port: number, until: (found: Found | undefined) => boolean) {
  return plane.until(() => found(plane, port), { what: `port ${port} to be found`, withinMs, until })
}

await t.test('a server that says its name is an instance like a declared one, and stays the same one', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer({ name: 'user-service' })
  await using agent = await RunningAgent.start({ planes: [plane.url], more: discovery([server.port]) })
  await plane.verdict('passing', { withinMs })
  const told = plane.verdicts().find((each) => each.told.spec)?.told
  const node = plane.all('hello')[0]?.message.node ?? ''
  const id = instanceId('user-service', node, server.port)
  t.match(told, {
    id,
    spec: {
      service: 'user-service',
      type: 'user-service',
      cluster: 'zervigo',
      address: '127.0.0.1',
      port: server.port,
      tags: ['zervigo', 'user-service', 'go'],
      metadata: { adopted_by: 'policy' },
      checks: [{ kind: 'http', path: '/health', service: 'user-service' }],
    },
  })
  const said = await untilFound(plane, server.port, (each) => each?.process !== undefined)
  t.match(said, {
    state: 'adopted',
    by: 'policy',
    service: 'user-service',
    confidence: 'certain',
    instance: id,
    process: { pid: server.pid, name: 'basic-server.ts', command: /basic-server\.ts --name user-service/ },
    evidence: ['it says that it is user-service', /passing \(ok\)/],
  })

  await server.kill()
  await plane.verdict('critical refused', { id, withinMs })
  await untilFound(plane, server.port, (each) => each?.goneMs !== undefined)
  t.notOk(
    plane.all('report').some(({ message }) => message.withdrawn),
    'silence of its port withdraws nothing',
  )

  await agent.stop()
  await agent.start()
  const again = await plane.until(() => plane.all('report').find(({ session }) => session === 2)?.message, {
    what: 'the first report of the next start',
    withinMs,
  })
  t.match(again, { whole: true, instances: [{ id }] }, 'it is told from the first report on')
  const from = performance.now()
  await server.start()
  await plane.verdict('passing', { id, from, withinMs })
  t.match(JSON.parse(await readFile(join(agent.stateDir, 'discovered.json'), 'utf8')), { version: 1 })
})

await t.test('where something is declared the rest is asked about, and asked for its name only once', async (t) => {
  await using plane = await AgentRecorder.start()
  await using declared = await startBasicServer({ name: 'crm' })
  await using other = await startBasicServer({ name: 'billing' })
  const laterPort = await freePort()
  const services = [{ name: 'crm', port: declared.port, checks: [{ kind: 'http', interval: '10s' }] }]
  await using _agent = await RunningAgent.start({
    planes: [plane.url],
    services,
    more: discovery([declared.port, other.port, laterPort]),
  })
  const said = await untilFound(plane, other.port, Boolean)
  t.match(said, {
    state: 'asking',
    service: 'billing',
    confidence: 'certain',
    remarks: ['services are declared here, so none is added unasked'],
    instance: /^billing-/,
  })
  t.equal(found(plane, declared.port), undefined, 'what is declared is no discovery')
  // By the time a server is found that came later, all was looked at again.
  await using _later = await startBasicServer({ name: 'later', port: laterPort })
  await untilFound(plane, laterPort, (each) => each?.confidence === 'certain')
  t.equal((await other.stats()).health, 1)
  t.notOk(plane.verdicts().some(({ told }) => told.id.startsWith('billing-')))

  await other.stop()
  await untilFound(plane, other.port, (each) => each === undefined)
  await other.start()
  await untilFound(plane, other.port, (each) => each?.service === 'billing')
  t.equal((await other.stats()).health, 1, 'a server that started anew is another one, and asked')
})

await t.test('what a rule ignores is never connected to', async (t) => {
  await using plane = await AgentRecorder.start()
  let connections = 0
  const shy = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  const port = await freePort()
  await new Promise<void>((resolve) => shy.listen(port, '127.0.0.1', resolve))
  t.teardown(() => shy.close())
  await using server = await startBasicServer({ name: 'crm' })
  const policy = [
    { match: { ports: [port] }, do: 'ignore' },
    { match: { service: 'crm' }, do: 'ask' },
  ]
  await using _agent = await RunningAgent.start({
    planes: [plane.url],
    more: discovery([port, server.port], { policy }),
  })
  t.match(await untilFound(plane, server.port, Boolean), { state: 'asking', by: 'policy' })
  t.equal(connections, 0)
})

await t.test('another policy counts at once, however seldom it is looked around', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer({ name: 'crm' })
  const policy = [{ match: { ports: [server.port] }, do: 'ignore' }]
  await using _agent = await RunningAgent.start({
    planes: [plane.url],
    more: discovery([server.port], { every: '1h', policy }),
  })
  await plane.until(() => plane.all('discovered').length > 0, { what: 'the first look', withinMs })
  t.equal((await server.stats()).health, 0)
  const settings = (version: string, wanted: object) =>
    plane.want({ settings: { version, document: { discovery: wanted } } })
  settings('all@1', { policy: [], default: 'ask' })
  await untilFound(plane, server.port, (seen) => seen?.state === 'asking')
  settings('all@2', { policy: [], default: 'adopt' })
  await untilFound(plane, server.port, (seen) => seen?.state === 'adopted')
  await plane.verdict('passing', { withinMs })
  t.pass()
})

await t.test('a stranger at the place of a declared service is named with its process', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer({ name: 'billing' })
  const services = [{ name: 'crm', port: server.port, checks: [{ kind: 'http', interval: '200ms' }] }]
  await using _agent = await RunningAgent.start({ planes: [plane.url], services, more: discovery([server.port]) })
  const conflict = await plane.until(() => plane.all('discovered').at(-1)?.message.conflicts[0], {
    what: 'the conflict',
    withinMs,
  })
  t.match(conflict, {
    kind: 'stranger',
    port: server.port,
    claimants: ['crm, declared here', `billing, which answers there: basic-server.ts (pid ${server.pid})`],
  })
})

await t.test('of two agents on one host one looks after a server, and both know who', async (t) => {
  await using plane = await AgentRecorder.start()
  await using other = await AgentRecorder.start()
  await using server = await startBasicServer({ name: 'crm' })
  const [first, second] = [await freePort(), await freePort()]
  const more = (machine: string) => ({ ...discovery([server.port, first, second]), node: { machine } })
  await using _one = await RunningAgent.start({ planes: [plane.url], adminPort: first, more: more('one') })
  await using _two = await RunningAgent.start({ planes: [other.url], adminPort: second, more: more('two') })
  const holders = () => {
    return [plane, other].map((each) => {
      const reports = each
        .all('report')
        .flatMap(({ message }) => [
          ...(message.instances ?? []).map(({ id }) => ({ id, here: true })),
          ...(message.withdrawn ?? []).map((id) => ({ id, here: false })),
        ])
      return reports.at(-1)?.here ?? false
    })
  }
  const left = () => [plane, other].map((each) => found(each, server.port)?.by ?? '')
  await plane.until(left, {
    what: 'one of them to leave it to the other',
    withinMs,
    until: (by) => by.some((name) => name.startsWith('agent:n-')) && holders().filter(Boolean).length === 1,
  })
  t.equal(holders().filter(Boolean).length, 1)
})

await t.test(
  'without root what is found is told all the same, and whose it is',
  { skip: await whyNotNobody() },
  async (t) => {
    await using plane = await AgentRecorder.start()
    await using server = await startBasicServer({ name: 'crm' })
    await using folder = await temporaryFolder('nobody')
    await chown(folder.path, nobody, nobody)
    const file = await writeYaml(join(folder.path, 'agent.yaml'), {
      planes: [plane.url],
      state_dir: join(folder.path, 'state'),
      admin: { enabled: false },
      ...discovery([server.port], { default: 'ask' }),
    })
    await using _agent = await spawnAsNobody('agent/main.ts', file)
    const said = await untilFound(plane, server.port, Boolean)
    t.match(said, {
      state: 'asking',
      service: 'crm',
      confidence: 'certain',
      user: 0,
      remarks: [/cannot be seen: it is of user 0; run/],
    })
    t.notOk(said && 'process' in said)
  },
)
