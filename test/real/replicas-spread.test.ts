import t from 'tap'
import { LightAgent, nodesOf } from '#test/support/agents/light-agent.ts'
import { startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const withinMs = 60_000
const count = 16
/** What could take anything out of service, or lose a report. */
const trouble = ['contact-changed', 'deregistered', 'death-confirmed', 'history-told', 'hold-begun']

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('agents of two planes, of which one goes and comes back', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  await using replicas = await startReplicas(place, 2)
  const [goes, stays] = replicas.all
  if (!goes || !stays) throw new Error('two planes')
  await replicas.inOrder()
  await using stack = new AsyncDisposableStack()
  const planes = [goes.url, stays.url]
  const agents = await Promise.all(
    planes
      .flatMap((plane) => nodesOf(planes, plane, count / 2))
      .map(async (node) => stack.use(await LightAgent.start(node, planes))),
  )
  const at = (url: string) => agents.filter((agent) => agent.at === url).length
  await waitFor(() => at(goes.url) + at(stays.url) === count, { what: 'all to have a session', withinMs })
  t.equal(at(goes.url), count / 2, 'each is with the one that it would rather have')
  await goes.program.stop()
  await waitFor(() => at(stays.url) === count, { what: 'all to be with the other', withinMs })
  t.strictSame(
    agents.flatMap(({ gaps }) => gaps),
    [],
  )
  const [{ revision } = { revision: 0 }] = await place.query('select max(revision)::int as revision from journal')
  await goes.program.start()

  await t.test('are asked back, some at a time, until both have about their share, and each only once', async (t) => {
    const before = agents.map(({ session }) => session.state.sessions)
    const excess = () => at(stays.url) - count / 2
    await waitFor(() => excess() < 4, { what: 'an even spread', withinMs })
    // While they go, what they say is heard.
    agents[0]?.judge('warning')
    await waitFor(
      async () => (await goes.get<{ health: string }>(`/v1/instances/${agents[0]?.instance}`)).health === 'warning',
      { what: 'the report', withinMs },
    )
    const settled = [at(goes.url), at(stays.url)]
    t.equal((settled[0] ?? 0) + (settled[1] ?? 0), count)
    t.ok((settled[0] ?? 0) > count / 2 - 4 && (settled[0] ?? 0) <= count / 2, settled.join(' and '))
    const moved = agents.filter(({ session }, index) => session.state.sessions > (before[index] ?? 0))
    t.equal(moved.length, settled[0])
    t.ok(
      moved.every(({ session: { state } }) => state.planes?.[0]?.plane === goes.url),
      'those that would rather be there',
    )
  })

  await t.test('without a gap: nobody is missed, and no report is lost', async (t) => {
    t.strictSame(
      agents.flatMap(({ gaps }) => gaps),
      [],
    )
    const kinds = trouble.map((kind) => `'${kind}'`).join()
    const events = `select body from journal where revision > ${revision} and kind in (${kinds})`
    t.strictSame(await place.query(events), [])
  })
})
