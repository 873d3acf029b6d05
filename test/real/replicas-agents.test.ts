import t from 'tap'
import type { NodeView } from '#shared/protocol/api.ts'
import { answering } from '#test/support/answering.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { type RunningReplica, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind, type StorePlace } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const withinMs = 30_000
const agentCount = 4

/** What the journal has of a kind after a revision: the whole change. */
async function changesOf(place: StorePlace, kinds: readonly string[], after = 0): Promise<readonly string[]> {
  const list = kinds.map((kind) => `'${kind}'`).join()
  const rows = await place.query(
    `select body from journal where kind in (${list}) and revision > ${after} order by revision`,
  )
  return rows.map(({ body }) => String(body))
}

const revisionOf = async (place: StorePlace) => {
  const [row] = await place.query('select coalesce(max(revision), 0)::int as revision from journal')
  return Number(row?.revision)
}

/** The plane that each agent says it is with, as its own health page shows it. */
async function planesOf(agents: readonly RunningAgent[]): Promise<readonly string[]> {
  const pages = await Promise.all(agents.map((agent) => agent.page('/health')))
  return pages.map((page) => {
    const { session } = JSON.parse(page) as { session: { state: string; plane: string } }
    return session.state === 'connected' ? session.plane : ''
  })
}

/** Until all agents are with one of these planes, and each of these planes says so of all nodes. */
async function allWith(agents: readonly RunningAgent[], planes: readonly RunningReplica[], what: string) {
  const urls = planes.map(({ url }) => url)
  const at = await waitFor(() => planesOf(agents), {
    what,
    withinMs,
    until: (at) => at.every((url) => urls.includes(url)),
  })
  for (const plane of planes) {
    await waitFor(() => plane.get<readonly NodeView[]>('/v1/nodes'), {
      what: `${plane.name} to know all nodes`,
      withinMs,
      until: (nodes) => nodes.length === agents.length && nodes.every(({ contact }) => contact === 'connected'),
    })
  }
  return at
}

/** What could take anything out of service, or lose a report. */
const trouble = ['contact-changed', 'deregistered', 'death-confirmed', 'judged', 'history-told', 'hold-begun']

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('agents of planes that share a database', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  await using replicas = await startReplicas(place, 3)
  const port = Number(new URL(await answering(t, (_request, response) => response.end('{"status":"UP"}'))).port)
  const planes = replicas.all.map(({ url }) => url)
  await using stack = new AsyncDisposableStack()
  const agents = await Promise.all(
    Array.from({ length: agentCount }, async (_, n) => {
      const services = [{ name: `crm-${n}`, port, checks: [{ kind: 'http', path: '/' }] }]
      return stack.use(await RunningAgent.start({ planes, services, more: { node: { name: `agent ${n}` } } }))
    }),
  )
  await replicas.inOrder()
  const first = await allWith(agents, replicas.all, 'all agents to have a session')
  await waitFor(() => replicas.all[0]?.get<readonly object[]>('/v1/instances?health=passing') ?? [], {
    what: 'all instances',
    withinMs,
    until: (instances) => instances.length === agentCount,
  })
  await t.test('each is with the plane that it would rather have, and says so', async (t) => {
    for (const [index, agent] of agents.entries()) {
      const { session } = JSON.parse(await agent.page('/health')) as {
        session: { plane: string; replica: string; planes: readonly { plane: string }[] }
      }
      t.equal(session.plane, session.planes[0]?.plane)
      t.strictSame(session.planes.map(({ plane }) => plane).sort(), planes.toSorted())
      const at = replicas.all.find(({ url }) => url === first[index])
      t.equal(session.replica, (await at?.self())?.run)
    }
    const seen = await waitFor(async () => (await replicas.all[0]?.status())?.replicas ?? [], {
      what: 'the planes to tell how many agents they have',
      withinMs,
      until: (all) => all.reduce((sum, { sessions }) => sum + sessions, 0) === agentCount,
    })
    t.equal(seen.length, 3)
  })

  const withMost = (at: readonly string[]) =>
    replicas.all
      .filter(({ program }) => program.pid !== undefined)
      .toSorted((a, b) => at.filter((url) => url === b.url).length - at.filter((url) => url === a.url).length)[0]

  await t.test(
    'one that is stopped hands its agents over: nobody is missed, nothing is said twice or lost',
    async (t) => {
      const leaving = withMost(first)
      if (!leaving) throw new Error('a plane')
      const before = await revisionOf(place)
      const output = agents.map(({ output }) => output.length)
      await leaving.program.stop()
      const left = replicas.all.filter((each) => each !== leaving)
      const at = await allWith(agents, left, 'all agents to be with the others')
      t.strictSame(await changesOf(place, trouble, before), [])
      const moved = first.filter((url) => url === leaving.url).length
      t.ok(moved > 0)
      t.equal((await changesOf(place, ['node-attached'], before)).length, moved, 'each attached once')
      for (const [index, { output: said }] of agents.entries()) {
        t.notMatch(said.slice(output[index]), /session ended|plane not reached/, 'it never was without a session')
      }
      t.equal(at.length, agentCount)
    },
  )

  await t.test('one that dies leaves them the time to go elsewhere: nobody is suspect', async (t) => {
    const at = await planesOf(agents)
    const dying = withMost(at)
    if (!dying) throw new Error('a plane')
    const before = await revisionOf(place)
    await dying.program.kill()
    const left = replicas.all.filter(({ program }) => program.pid !== undefined)
    await allWith(agents, left, 'all agents to be with the one that is left')
    t.strictSame(await changesOf(place, trouble, before), [])
  })
})
