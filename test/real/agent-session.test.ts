import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { freePort } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const check = { kind: 'http', interval: '200ms', timeout: '1s' }
const service = (port: number, more: object = {}) => ({ name: 'basic-server', port, checks: [check], ...more })

await t.test('an agent says who it is, then everything it looks after, and goodbye at its end', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer()
  const more = { node: { name: '节点一', site: '腾讯', cluster: 'zervigo', machine: 'machine-1' }, mode: 'staging' }
  const services = [service(server.port, { address: '0.0.0.0', tags: ['zervigo'], version: '1.0', weight: 50 })]
  await using agent = await RunningAgent.start({ planes: [plane.url], services, more })
  await plane.verdict('passing')
  const hello = plane.all('hello')[0]?.message
  t.match(hello, {
    node: /^n-[a-z2-7]{12}$/,
    machine: 'machine-1',
    incarnation: 1,
    name: '节点一',
    site: '腾讯',
    cluster: 'zervigo',
    address: '127.0.0.1',
  })
  const first = plane.all('report')[0]?.message
  t.match(first, {
    sequence: 1,
    whole: true,
    instances: [
      {
        id: /^basic-server-[0-9a-f]{8}$/,
        health: 'passing',
        spec: { address: '127.0.0.1', port: server.port, weight: 50, metadata: { environment: 'staging' } },
      },
    ],
  })
  t.equal(JSON.parse(await readFile(join(agent.stateDir, 'node.json'), 'utf8')).node, hello?.node)

  const pid = agent.pid ?? 0
  await agent.stop()
  t.equal(plane.heard.at(-1)?.message.type, 'goodbye')
  await plane.until(() => plane.ends.at(-1), { what: 'the end of the session', withinMs: 10_000 })
  t.equal(plane.ends.at(-1), 1000)
  t.notOk(
    plane.all('report').some(({ message }) => message.withdrawn),
    'nothing is withdrawn',
  )
  t.throws(() => process.kill(pid, 0))

  await agent.start()
  await plane.until(() => plane.all('hello').length, {
    what: 'the next start',
    withinMs: 20_000,
    until: (n) => n === 2,
  })
  t.match(plane.all('hello')[1]?.message, { node: hello?.node, incarnation: 2 })
  await plane.until(() => plane.all('report').at(-1)?.session, {
    what: 'its report',
    withinMs: 20_000,
    until: (n) => n === 2,
  })
  const again = plane.all('report').find(({ session }) => session === 2)?.message
  t.match(again, { sequence: 1, whole: true, instances: [{ id: first?.instances?.[0]?.id, health: 'passing' }] })
})

await t.test('an agent that starts beside a hung server tells of it only when it knows', async (t) => {
  await using plane = await AgentRecorder.start()
  await using good = await startBasicServer({ name: 'good' })
  await using hung = await startBasicServer({ name: 'hung' })
  await hung.switch({ mode: 'hang' })
  const services = [good, hung].map(({ name, port }) => ({ name, port, checks: [check] }))
  await using _agent = await RunningAgent.start({ planes: [plane.url], services })
  await plane.verdict('critical timeout')
  t.notOk(plane.verdicts().some(({ says }) => says.startsWith('unknown')))
})

await t.test('after a cut it comes back and tells everything again, also what changed meanwhile', async (t) => {
  const port = await freePort()
  const first = await AgentRecorder.start(port)
  await using server = await startBasicServer()
  await using agent = await RunningAgent.start({
    planes: [`http://127.0.0.1:${port}`],
    services: [service(server.port)],
  })
  await first.verdict('passing')
  const last = first.all('report').at(-1)?.message.sequence ?? 0
  await first[Symbol.asyncDispose]()
  await server.switch({ mode: 'fail' })
  const isCritical = async () => JSON.parse(await agent.page('/health')).instances[0].health === 'critical'
  await waitFor(isCritical, { what: 'the verdict', withinMs: 20_000 })
  t.match(JSON.parse(await agent.page('/health')), { status: 'warning', session: { state: 'connecting' } })
  await using second = await AgentRecorder.start(port)
  const { told } = await second.verdict('critical http_status', { withinMs: 8_000 })
  t.ok(told.spec)
  const report = second.all('report')[0]?.message
  t.equal(report?.whole, true)
  t.ok((report?.sequence ?? 0) > last)
  t.ok(told.ageMs > 0)
})

await t.test('an agent with several planes goes to the next', async (t) => {
  await using one = await AgentRecorder.start()
  await using two = await AgentRecorder.start()
  const dead = `http://127.0.0.1:${await freePort()}`
  await using _agent = await RunningAgent.start({ planes: [dead, one.url, two.url] })
  const started = () => [one, two].find(({ sessions }) => sessions > 0)
  const at = await waitFor(started, { what: 'a session', withinMs: 10_000 })
  const other = at === one ? two : one
  await at?.[Symbol.asyncDispose]()
  await waitFor(() => other.sessions, { what: 'a session with the other', withinMs: 10_000 })
  t.ok(other.sessions)
})

await t.test('an agent that is refused for good does not hammer', async (t) => {
  await using plane = await AgentRecorder.start()
  plane.refusal = { type: 'refused', code: 'node_taken', message: 'n-x is of machine a', retry: false }
  await using agent = await RunningAgent.start({ planes: [plane.url] })
  const state = async () => JSON.parse(await agent.page('/health')).session.state
  await waitFor(state, { what: 'the refusal', withinMs: 20_000, until: (seen) => seen === 'refused' })
  await plane.until(() => plane.ends.length, { what: 'the end', withinMs: 10_000 })
  t.equal(plane.sessions, 1)
  await waitFor(() => agent.output.includes('n-x is of machine a'), { what: 'the reason in the log', withinMs: 20_000 })
})

await t.test('probes for others are run once each', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer({ name: 'other' })
  await using _agent = await RunningAgent.start({ planes: [plane.url], more: { orders: { probe_local: true } } })
  await plane.until(() => plane.all('report').length, { what: 'the first report', withinMs: 20_000 })
  const http = {
    kind: 'http',
    address: '127.0.0.1',
    port: server.port,
    path: '/health',
    timeoutMs: 1000,
    service: 'other',
  } as const
  const tcp = { kind: 'tcp', address: '127.0.0.1', port: await freePort(), timeoutMs: 1000 } as const
  plane.want({ probes: { a: http, b: tcp } })
  const answers = () => plane.all('probed').map(({ message }) => message)
  await plane.until(answers, { what: 'both answers', withinMs: 20_000, until: (all) => all.length === 2 })
  plane.want({ probes: { a: http, b: tcp, c: { ...http, service: 'else' } } })
  await plane.until(answers, { what: 'the third', withinMs: 20_000, until: (all) => all.length === 3 })
  const says = Object.fromEntries(answers().map(({ id, health, reason }) => [id, `${health} ${reason.code}`]))
  t.strictSame(says, { a: 'passing ok', b: 'critical refused', c: 'critical identity_mismatch' })
  t.equal((await server.stats()).health, 2)
})

await t.test('the wanted log level takes effect', async (t) => {
  await using plane = await AgentRecorder.start()
  plane.desired = { admissions: {}, gateways: {}, probes: {}, logging: { level: 'error', by: '', reason: '' } }
  await using agent = await RunningAgent.start({ planes: [plane.url] })
  await plane.until(() => plane.all('report').length, { what: 'the first report', withinMs: 20_000 })
  agent.signal('SIGHUP')
  await plane.until(() => plane.all('beat').length, { what: 'a beat', withinMs: 8_000 })
  t.notMatch(agent.output, /configuration taken/)
})

await t.test('SIGHUP takes what changed, leaves the rest alone, and refuses a bad file', async (t) => {
  await using plane = await AgentRecorder.start()
  await using a = await startBasicServer({ name: 'a' })
  await using b = await startBasicServer({ name: 'b' })
  await using c = await startBasicServer({ name: 'c' })
  const of = ({ name, port }: { name: string; port: number }, more: object = {}) => ({
    name,
    port,
    checks: [check],
    ...more,
  })
  await using agent = await RunningAgent.start({ planes: [plane.url], services: [of(a), of(b)] })
  await plane.until(() => plane.verdicts().length, { what: 'both', withinMs: 20_000, until: (n) => n >= 2 })
  const ids = new Map(plane.verdicts().map(({ told }) => [told.spec?.service, told.id]))
  const probesOfA = async () => JSON.parse(await agent.page('/health')).instances[0].checks[0].probes

  const before = await probesOfA()
  await agent.configure([of(a), of(c, { tags: ['new'] })])
  agent.signal('SIGHUP')
  await plane.until(() => plane.all('report').some(({ message }) => message.withdrawn?.includes(ids.get('b') ?? '')), {
    what: 'the withdrawal',
    withinMs: 20_000,
  })
  const added = () => plane.verdicts().find(({ told, says }) => told.id.startsWith('c-') && says === 'passing ok')
  await plane.until(added, { what: 'the new one', withinMs: 20_000 })
  t.ok((await probesOfA()) >= before, 'its checks were not begun again')
  const ofA = plane.verdicts(ids.get('a')).length

  await agent.configure([of(a, { tags: ['blue'] }), of(c)])
  agent.signal('SIGHUP')
  const changed = await plane.until(() => plane.verdicts(ids.get('a'))[ofA], { what: 'the change', withinMs: 20_000 })
  t.match(changed?.told, { spec: { tags: ['blue'] }, health: 'passing' })

  await agent.configure([{ name: 'a', port: 'eighty', nonsense: 1 }])
  agent.signal('SIGHUP')
  await waitFor(() => agent.output, {
    what: 'the refusal',
    withinMs: 20_000,
    until: (text) => text.includes('refused; '),
  })
  t.match(agent.output, /agent\.yaml:\d+ services\[0\]\.port: expected a port from 1 to 65535, got/)
  t.match(agent.output, /agent\.yaml:\d+ services\[0\]\.nonsense: unknown key/)
  await writeFile(agent.file, 'services: [')
  agent.signal('SIGHUP')
  await plane.until(() => plane.all('beat').length, { what: 'a beat', withinMs: 8_000 })
  t.equal(JSON.parse(await agent.page('/health')).instances.length, 2)
  t.equal(plane.sessions, 1)
})

await t.test('changes at the same moment travel together, the first at once', async (t) => {
  await using plane = await AgentRecorder.start()
  const servers = await Promise.all(Array.from({ length: 4 }, (_, n) => startBasicServer({ name: `s${n}` })))
  t.teardown(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())))
  const services = servers.map(({ name, port }) => ({ name, port, checks: [{ kind: 'http', interval: '30s' }] }))
  await using agent = await RunningAgent.start({ planes: [plane.url], services })
  await waitFor(async () => JSON.parse(await agent.page('/health')).wires, {
    what: 'the trip wires',
    withinMs: 20_000,
    until: (count) => count === 4,
  })
  const reports = plane.all('report').length
  for (const { pid } of servers) process.kill(pid ?? 0, 'SIGKILL')
  const critical = () => plane.verdicts().filter(({ says }) => says === 'critical refused')
  await plane.until(critical, { what: 'all four', withinMs: 20_000, until: (all) => all.length === 4 })
  const told = plane
    .all('report')
    .slice(reports)
    .filter(({ message }) => message.instances)
  t.ok(told.length <= 4)
  t.ok(told.every(({ message }) => message.instances?.every(({ reason: why }) => why.code === reason('refused').code)))
})
