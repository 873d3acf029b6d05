import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import type { Hello } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { temporaryBacklog } from '#test/support/agents/backlog.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import { Lag } from '../checks/lag.ts'
import { Outbox } from '../report/outbox.ts'
import { helloOf } from './hello.ts'
import { Session } from './keep-session.ts'
import { replayPace } from './pace.ts'

const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 80, tags: [], metadata: {}, checks: [] }
const ok = { health: 'passing', reason: reason('ok') } as const
const bad = { health: 'critical', reason: reason('refused') } as const
const identity = { node: 'n-aaaaaaaaaaaa', machine: 'm', incarnation: 1 }
const place = { name: 'n', site: 's', cluster: undefined, address: '10.0.0.1', gateways: [] }

async function start(planes: readonly string[], hello = () => helloOf({ identity, version: '0.1.0', ...place })) {
  const kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog)
  outbox.specified(spec, ok, performance.now())
  const session = new Session({
    planes,
    hello,
    ready: async () => {},
    outbox,
    backlog: kept.backlog,
    pace: { ...replayPace, startWithinMs: 0, everyMs: 50 },
    lag: new Lag(),
    log: createLogger({ name: 'test', level: 'silent' }),
    onDesired: () => {},
  })
  const stop = new AbortController()
  const ended = session.run(stop.signal)
  return {
    session,
    outbox,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
      await kept[Symbol.asyncDispose]()
    },
  }
}

/** Two planes and an agent that knows both: the one that it talks to first, and the other. */
async function begin(more: readonly string[] = [], hello?: () => Hello) {
  const planes = [await AgentRecorder.start(), await AgentRecorder.start()]
  for (const [index, plane] of planes.entries()) plane.name = `plane-${index}`
  const agent = await start([...planes.map(({ url }) => url), ...more], hello)
  const plane = await waitFor(() => planes.find(({ sessions }) => sessions > 0), {
    what: 'a session',
    withinMs: 20_000,
  })
  const other = planes.find((each) => each !== plane)
  if (!plane || !other) throw new Error('two planes')
  await plane.verdict('passing ok')
  return {
    agent,
    plane,
    other,
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]()
      for (const each of planes) await each[Symbol.asyncDispose]()
    },
  }
}

const connectedTo = (agent: { session: Session }, url: string) =>
  waitFor(() => agent.session.state, {
    what: `a session with ${url}`,
    withinMs: 20_000,
    until: ({ state, plane }) => state === 'connected' && plane === url,
  })

t.test('a plane that leaves is left when another one has welcomed the agent, without a goodbye', async (t) => {
  await using scene = await begin()
  const { agent, plane, other } = scene
  t.match(plane.all('hello')[0]?.message.moves, { choice: 0, of: 2 })
  plane.send({ type: 'move', why: 'leaving' })
  await other.verdict('passing ok')
  await plane.until(() => plane.ends.length, { what: 'the end of the old session', withinMs: 20_000 })
  const welcomed = other.all('hello')[0]?.at ?? 0
  t.ok(welcomed > 0)
  t.equal(plane.ends[0], 1000)
  t.equal(plane.all('goodbye').length, 0)
  t.match(other.all('hello')[0]?.message.moves, { choice: 1, of: 2 })
  t.match(await connectedTo(agent, other.url), { sessions: 2, replica: other.name })
  agent.outbox.judged(spec.id, bad, performance.now())
  await other.verdict('critical refused')
})

t.test('an agent that nobody else takes says so and stays', async (t) => {
  await using scene = await begin([`http://127.0.0.1:${await freePort()}`])
  const { agent, plane, other } = scene
  other.refusal = { type: 'refused', code: 'not_ready', message: 'loading', retry: true }
  plane.send({ type: 'move', why: 'leaving' })
  await plane.until(() => plane.all('stays').length, { what: 'its word', withinMs: 20_000 })
  agent.outbox.judged(spec.id, bad, performance.now())
  await plane.verdict('critical refused')
  t.equal(plane.sessions, 1)
  other.refusal = undefined
  plane.send({ type: 'move', why: 'leaving' })
  await other.verdict('critical refused')
})

t.test('a plane that ends before another one was reached is left for the one that was asked', async (t) => {
  await using scene = await begin()
  const { agent, plane, other } = scene
  plane.send({ type: 'move', why: 'leaving' })
  plane.cut()
  await connectedTo(agent, other.url)
  t.equal(other.sessions, 1)
  t.equal(plane.sessions, 1)
})

t.test('to spread anew only those move that are not where they would rather be', async (t) => {
  await using scene = await begin()
  const { agent, plane, other } = scene
  plane.send({ type: 'move', why: 'balance' })
  await plane.until(() => plane.all('stays').length, { what: 'its word', withinMs: 20_000 })
  plane.send({ type: 'move', why: 'leaving' })
  await connectedTo(agent, other.url)
  other.send({ type: 'move', why: 'balance' })
  await connectedTo(agent, plane.url)
  t.equal(plane.sessions, 2)
})

t.test('who knows one address alone tries it, and not again if the same plane is behind it', async (t) => {
  await using plane = await AgentRecorder.start()
  await using _agent = await start([plane.url])
  await plane.verdict('passing ok')
  plane.send({ type: 'move', why: 'balance' })
  await plane.until(() => plane.sessions === 2 && plane.ends.length, { what: 'another session', withinMs: 20_000 })
  await plane.until(() => plane.all('report').some(({ session }) => session === 2), {
    what: 'its report',
    withinMs: 20_000,
  })
  plane.send({ type: 'move', why: 'balance' })
  await plane.until(() => plane.all('stays').length, { what: 'its word', withinMs: 20_000 })
  t.equal(plane.sessions, 2)
})

t.test('an agent that is stopped while it moves says goodbye to whoever has welcomed it', async (t) => {
  const scene = await begin()
  const { agent, plane, other } = scene
  plane.send({ type: 'move', why: 'leaving' })
  await other.until(() => other.all('hello').length, { what: 'the hello', withinMs: 20_000 })
  await agent[Symbol.asyncDispose]()
  t.equal(other.all('goodbye').length, 1)
  await plane[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

t.test('whoever is introduced anew while it moves is known by its new words where it went', async (t) => {
  let name = 'before'
  let onHello = () => {}
  const hello = () => {
    const said = { ...helloOf({ identity, version: '0.1.0', ...place }), name }
    onHello()
    return said
  }
  await using scene = await begin([], hello)
  const { agent, plane, other } = scene
  // Its hello to the other plane is on its way with the old words.
  onHello = () => {
    onHello = () => {}
    name = 'after'
    agent.session.renew()
  }
  plane.send({ type: 'move', why: 'leaving' })
  await other.verdict('passing ok')
  t.strictSame(
    other.all('hello').map(({ message }) => message.name),
    ['before', 'after'],
  )
  t.match(await connectedTo(agent, other.url), { sessions: 2 })
  t.equal(plane.sessions, 1)
})
