import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { Desired, PastEdge, PastSample } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { temporaryBacklog } from '#test/support/agents/backlog.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import { Lag } from '../checks/lag.ts'
import { Outbox } from '../report/outbox.ts'
import { ProbeAnswers } from './answer-probes.ts'
import { helloOf } from './hello.ts'
import { type Keeping, Session } from './keep-session.ts'
import { replayPace } from './pace.ts'

const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 80, tags: [], metadata: {}, checks: [] }
const ok = { health: 'passing', reason: reason('ok') } as const
const bad = { health: 'critical', reason: reason('refused') } as const
const hello = helloOf({
  identity: { node: 'n-aaaaaaaaaaaa', machine: 'm', incarnation: 1 },
  version: '0.1.0',
  name: 'n',
  site: 's',
  cluster: undefined,
  address: '10.0.0.1',
  gateways: [],
})

/** A session of its own in this process, with what it logs. */
async function start(planes: readonly string[], more: Partial<Keeping> = {}) {
  const lines: string[] = []
  const desired: Desired[] = []
  const log = createLogger({ name: 'test', level: 'debug' }, { write: (line) => void lines.push(line) })
  const kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog)
  outbox.specified(spec, ok, performance.now())
  const session = new Session({
    planes,
    hello: () => hello,
    ready: async () => {},
    outbox,
    backlog: kept.backlog,
    pace: { ...replayPace, startWithinMs: 0, everyMs: 50 },
    lag: new Lag(),
    log,
    onDesired: (next) => desired.push(next),
    ...more,
  })
  const stop = new AbortController()
  const ended = session.run(stop.signal)
  return {
    session,
    outbox,
    backlog: kept.backlog,
    lines,
    desired,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
      await kept[Symbol.asyncDispose]()
    },
  }
}

t.test('a session tells the whole, then changes; its end tells what is left and says goodbye', async (t) => {
  await using plane = await AgentRecorder.start()
  const logging = { level: 'warn', by: '', reason: '' } as const
  plane.desired = { admissions: {}, gateways: {}, probes: {}, logging }
  {
    await using agent = await start([plane.url])
    await plane.verdict('passing ok')
    await waitFor(() => agent.outbox.settled, { what: 'the acknowledgement', withinMs: 10_000 })
    t.match(agent.session.state, { state: 'connected', plane: plane.url, session: 's-1', sessions: 1 })
    t.match(agent.desired, [{ logging: { level: 'warn' } }])
    agent.outbox.judged(spec.id, bad, performance.now())
    const { told } = await plane.verdict('critical refused')
    t.notOk(told.spec)
    agent.outbox.judged(spec.id, ok, performance.now())
    t.ok(agent.session.send({ type: 'probed', id: 'x', ...ok, tookMs: 1 }))
  }
  t.strictSame(
    plane.heard
      .slice(-3)
      .map(({ message }) => message.type)
      .toSorted(),
    ['goodbye', 'probed', 'report'],
  )
  t.equal(plane.heard.at(-1)?.message.type, 'goodbye')
  t.equal(plane.verdicts().at(-1)?.says, 'passing ok')
})

t.test('a plane that acknowledges nothing holds up the end for a second at most', async (t) => {
  await using plane = await AgentRecorder.start()
  plane.acknowledging = false
  const agent = await start([plane.url])
  await plane.verdict('passing ok')
  const startedAt = performance.now()
  await agent[Symbol.asyncDispose]()
  t.ok(performance.now() - startedAt < 10_000)
  t.equal(plane.heard.at(-1)?.message.type, 'goodbye')
})

t.test('a cut session comes back whole', async (t) => {
  await using plane = await AgentRecorder.start()
  await using agent = await start([plane.url])
  await plane.verdict('passing ok')
  const cutAt = performance.now()
  plane.cut()
  await plane.verdict('passing ok', { from: cutAt })
  t.equal(plane.sessions, 2)
  t.ok(plane.all('report').at(-1)?.message.whole)
  t.match(agent.lines.join(), /session ended/)
})

t.test('the first report waits until something is known', async (t) => {
  await using plane = await AgentRecorder.start()
  let known: () => void = () => {}
  const ready = new Promise<void>((resolve) => {
    known = resolve
  })
  await using agent = await start([plane.url], { ready: () => ready })
  await plane.until(() => plane.all('hello').length, { what: 'the hello', withinMs: 10_000 })
  t.notOk(agent.session.send({ type: 'goodbye' }), 'nothing overtakes the whole')
  t.equal(plane.all('report').length, 0)
  known()
  await plane.verdict('passing ok')
})

t.test('whoever is introduced anew while a session is only beginning has it begin again', async (t) => {
  await using plane = await AgentRecorder.start()
  const known = Promise.withResolvers<void>()
  let name = 'before'
  const more = { hello: () => ({ ...hello, name }), ready: () => known.promise }
  await using agent = await start([plane.url], more)
  await plane.until(() => plane.all('hello').length, { what: 'the hello', withinMs: 20_000 })
  name = 'after'
  agent.session.renew()
  known.resolve()
  await plane.verdict('passing ok')
  t.strictSame(
    plane.all('hello').map(({ message }) => message.name),
    ['before', 'after'],
  )
})

t.test('the present comes first, then the past, in order, each batch after the last was taken', async (t) => {
  await using plane = await AgentRecorder.start()
  plane.acknowledging = false
  await using agent = await start([plane.url], {
    pace: { ...replayPace, startWithinMs: 0, everyMs: 1, mostBytes: 500 },
  })
  for (let n = 0; n < 20; n += 1) agent.backlog.edge(spec.id, n % 2 ? ok : bad, performance.now(), false)
  for (let n = 0; n < 3; n += 1) {
    agent.backlog.sample([{ name: 'host_load', value: n, unit: 'count' }], false)
  }
  await plane.verdict('passing ok')
  agent.session.send({ type: 'beat' })
  await plane.until(() => plane.all('beat').length, { what: 'the beat', withinMs: 10_000 })
  t.equal(plane.all('history').length, 0, 'no past before the present was acknowledged')
  plane.acknowledging = true
  plane.send({ type: 'ack', sequence: 1 })
  const told = () => plane.all('history').map(({ message }) => message)
  await waitFor(() => agent.backlog.hasNews, { what: 'the end', withinMs: 10_000, until: (news) => !news })
  const edges = told().flatMap(({ edges = [] }) => edges) as readonly PastEdge[]
  t.strictSame(
    edges.map(({ n, health }) => `${n} ${health}`),
    Array.from({ length: 20 }, (_, n) => `${n + 1} ${n % 2 ? 'passing' : 'critical'}`),
  )
  const samples = told().flatMap(({ samples = [] }) => samples) as readonly PastSample[]
  t.strictSame(
    samples.map(({ metrics }) => metrics[0]?.value),
    [0, 1, 2],
  )
  t.ok(told().length > 5, 'in small batches')
  t.ok(told().every((message) => Buffer.byteLength(JSON.stringify(message)) < 1_000))
  t.equal(agent.backlog.state.edges.waiting, 0)
})

t.test('a batch that is not taken is told again, in the next session, and no other before it', async (t) => {
  await using plane = await AgentRecorder.start()
  await using agent = await start([plane.url])
  await plane.verdict('passing ok')
  await waitFor(() => agent.outbox.settled, { what: 'the acknowledgement', withinMs: 10_000 })
  plane.acknowledging = false
  for (let n = 0; n < 300; n += 1) agent.backlog.edge(spec.id, n % 2 ? ok : bad, performance.now(), false)
  const batches = () => plane.all('history').map(({ message }) => message)
  await plane.until(() => batches().length, { what: 'the first batch', withinMs: 10_000 })
  agent.session.send({ type: 'beat' })
  await plane.until(() => plane.all('beat').length, { what: 'a beat', withinMs: 10_000 })
  t.equal(batches().length, 1)
  plane.acknowledging = true
  plane.cut()
  await waitFor(() => agent.backlog.hasNews, { what: 'the end', withinMs: 20_000, until: (news) => !news })
  const first = (batch: number) => (batches()[batch]?.edges?.[0] as PastEdge | undefined)?.n
  t.equal(first(1), first(0))
  t.equal(new Set(batches().map(({ log }) => log)).size, 1)
})

t.test('a plane of the version before is told no past, and all else', async (t) => {
  await using plane = await AgentRecorder.start()
  plane.takesHistory = false
  await using agent = await start([plane.url])
  agent.backlog.edge(spec.id, bad, performance.now() - 60_000, false)
  await plane.verdict('passing ok')
  agent.outbox.judged(spec.id, bad, performance.now())
  await plane.verdict('critical refused')
  await waitFor(() => agent.outbox.settled, { what: 'the acknowledgement', withinMs: 10_000 })
  t.equal(plane.all('history').length, 0)
  t.equal(agent.backlog.state.edges.waiting, 1, 'it is kept for the next plane')
})

t.test('an agent that is stopped before it knows anything ends at once', async (t) => {
  await using plane = await AgentRecorder.start()
  let isWelcome = false
  const ready = () => {
    isWelcome = true
    return new Promise<void>(() => {})
  }
  const agent = await start([plane.url], { ready })
  await waitFor(() => isWelcome, { what: 'the welcome', withinMs: 10_000 })
  await agent[Symbol.asyncDispose]()
  t.equal(plane.heard.at(-1)?.message.type, 'goodbye')
  t.equal(plane.all('report').length, 0)
})

t.test('a refusal that a retry cannot change is told once and waited out', async (t) => {
  await using plane = await AgentRecorder.start()
  plane.refusal = { type: 'refused', code: 'node_taken', message: 'of another machine', retry: false }
  await using agent = await start([plane.url])
  await waitFor(() => agent.session.state.state === 'refused', { what: 'the refusal', withinMs: 10_000 })
  t.match(agent.session.state.why, /node_taken: of another machine/)
  t.equal(plane.sessions, 1)
})

t.test('a refusal that passes is tried again', async (t) => {
  await using plane = await AgentRecorder.start()
  plane.refusal = { type: 'refused', code: 'not_ready', message: 'loading', retry: true }
  await using agent = await start([plane.url])
  await waitFor(() => agent.session.state.state === 'refused', { what: 'the refusal', withinMs: 10_000 })
  plane.refusal = undefined
  await plane.verdict('passing ok')
  t.equal(agent.session.state.state, 'connected')
})

t.test('a session that the plane ends with a reason says it', async (t) => {
  await using plane = await AgentRecorder.start()
  await using agent = await start([plane.url])
  await plane.verdict('passing ok')
  plane.send({ type: 'refused', code: 'replaced', message: 'a newer start', retry: false })
  plane.cut()
  await waitFor(() => plane.sessions === 2, { what: 'the next session', withinMs: 20_000 })
  t.match(agent.lines.join(), /replaced: a newer start/)
})

t.test('what is no plane is told as such, once, and the next is tried', async (t) => {
  const web = createServer((_, response) => response.writeHead(404).end())
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  t.teardown(() => web.close())
  await using plane = await AgentRecorder.start()
  const other = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
  const dead = `http://127.0.0.1:${await freePort()}`
  await using agent = await start([other, dead, plane.url])
  await plane.verdict('passing ok')
  t.equal(agent.session.state.plane, plane.url)
})

t.test('an agent that is stopped while it tries ends at once', async (t) => {
  const agent = await start([`http://127.0.0.1:${await freePort()}`])
  await waitFor(() => agent.session.state.why !== undefined, { what: 'a failure', withinMs: 10_000 })
  const startedAt = performance.now()
  await agent[Symbol.asyncDispose]()
  t.ok(performance.now() - startedAt < 10_000)
  t.match(agent.session.state.why, /ECONNREFUSED/)
})

t.test('messages that it does not understand are passed over', async (t) => {
  await using plane = await AgentRecorder.start()
  await using agent = await start([plane.url])
  await plane.verdict('passing ok')
  plane.send({ type: 'from-the-future' } as never)
  plane.send({
    type: 'desired',
    whole: false,
    desired: { logging: { level: 'debug', by: '', reason: '' }, later: 1 },
  } as never)
  await waitFor(() => agent.desired.at(-1)?.logging?.level === 'debug', { what: 'the desired state', withinMs: 10_000 })
  t.equal(plane.sessions, 1)
  t.match(agent.lines.join(), /not understood/)
})

t.test('probes for others are bounded, run once, and forgotten when nobody wants them', async (t) => {
  const port = await freePort()
  const tcp = { kind: 'tcp', address: '127.0.0.1', port, timeoutMs: 500 } as const
  const answered: string[] = []
  const stop = new AbortController()
  const answers = new ProbeAnswers(
    (message) => message.type === 'probed' && answered.push(message.id) > 0,
    new Lag(),
    stop.signal,
    { local: () => true },
  )
  const wanted = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, tcp]))
  answers.want(wanted)
  answers.want(wanted)
  await waitFor(() => answered.length, { what: 'all answers', withinMs: 20_000, until: (count) => count === 100 })
  answers.want({ p0: tcp })
  t.equal(answered.length, 100)
  answers.reset()
  answers.want({ p0: tcp })
  await waitFor(() => answered.length === 101, { what: 'the answer to the new session', withinMs: 20_000 })
  stop.abort()
  answers.want({ p1: tcp })
  t.equal(answered.length, 101)
})
