import t from 'tap'
import type { InstanceView } from '#shared/protocol/api.ts'
import { nodeId } from '#test/support/agents/agent-client.ts'
import { LightAgent, nodesOf } from '#test/support/agents/light-agent.ts'
import { Cable } from '#test/support/cable.ts'
import { startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { settingsOn } from '#test/support/store/plane-on.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const withinMs = 40_000
type Health = { readonly status: string; readonly store: { readonly state: string; readonly code?: string } }

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('a plane that alone loses the database', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  await using database = await Cable.to(() => kind.server.port)
  const { postgresql } = settingsOn(place).journal
  await using replicas = await startReplicas(place, 2, (index) =>
    index === 0 ? { journal: { postgresql: { ...postgresql, port: database.port } } } : {},
  )
  const [sick, well] = replicas.all
  if (!sick || !well) throw new Error('two planes')
  await replicas.inOrder()
  const portOf = ({ url }: { url: string }) => Number(new URL(url).port)
  let first = true
  // A balancer before both: it begins with the one that will be in trouble, and goes on with the other.
  await using balancer = await Cable.to(() => {
    const port = portOf(first ? sick : well)
    first = false
    return port
  })
  await using stack = new AsyncDisposableStack()
  const start = async (node: string, planes: readonly string[]) => stack.use(await LightAgent.start(node, planes))
  const planes = [sick.url, well.url]
  const ids = [nodesOf(planes, sick.url, 3), nodesOf(planes, well.url, 2)].flat()
  const both = await Promise.all(ids.map((id) => start(id, planes)))
  const alone = await start(nodeId(1_001), [sick.url])
  const balanced = await start(nodeId(1_002), [`http://127.0.0.1:${balancer.port}`])
  const all = [...both, alone, balanced]
  const sickRun = (await sick.self()).run
  const wellRun = (await well.self()).run
  await waitFor(() => well.get<readonly InstanceView[]>('/v1/instances?health=passing'), {
    what: 'all instances',
    withinMs,
    until: (instances) => instances.length === all.length,
  })
  const there = both.filter(({ replica }) => replica === sickRun)
  t.equal(there.length, 3)
  t.equal(balanced.replica, sickRun)
  const attachedTo = async (agent: LightAgent) => {
    const rows = await place.query(
      `select body from journal where kind = 'node-attached' and subject_id = '${agent.node}' order by revision`,
    )
    return rows.length
  }
  database.cut()

  await t.test('says so, in its health and in its metrics, and takes nothing that has to be kept', async (t) => {
    const seen = await waitFor(() => sick.get<Health>('/health'), {
      what: 'its health',
      withinMs,
      until: ({ status }) => status === 'degraded',
    })
    t.match(seen.store, { state: 'unavailable', code: 'STORE_UNAVAILABLE' })
    const metrics = await fetch(`${sick.url}/metrics`).then((response) => response.text())
    t.match(metrics, /^heddle_store_ready 0$/m)
    t.match((await sick.status()).problems, [/cannot be reached/])
    t.equal(await sick.register('late-1', 9_001), 503)
    t.equal(await well.register('kept-1', 9_002), 201, 'the other one goes on')
    t.ok((await sick.get<readonly object[]>('/v1/instances')).length >= all.length, 'what is known is served')
  })

  await t.test('asks its agents to go: who can goes over without a gap, also behind a balancer', async (t) => {
    await waitFor(() => [...both, balanced].every(({ replica }) => replica === wellRun), {
      what: 'all but one to be with the other plane',
      withinMs,
    })
    t.strictSame(
      [...both, balanced].flatMap(({ gaps }) => gaps),
      [],
    )
    for (const agent of there) t.equal(await attachedTo(agent), 2, 'each attached once more')
  })

  await t.test('and keeps who knows no other one: what it says is taken, and acknowledged later', async (t) => {
    t.equal(alone.replica, sickRun)
    alone.judge('critical')
    await waitFor(() => sick.get<InstanceView>(`/v1/instances/${alone.instance}`), {
      what: 'the removal, at once',
      withinMs,
      until: ({ routable }) => routable === 'no',
    })
    t.match(await well.get<InstanceView>(`/v1/instances/${alone.instance}`), { health: 'passing' })
    t.strictSame(alone.gaps, [], 'its session goes on')
  })

  await t.test('comes back: what it took is written down, and nothing was lost', async (t) => {
    database.mend()
    await waitFor(() => sick.get<Health>('/health'), {
      what: 'its health',
      withinMs,
      until: ({ status }) => status === 'healthy',
    })
    await waitFor(() => well.get<InstanceView>(`/v1/instances/${alone.instance}`), {
      what: 'the other plane to know it',
      withinMs,
      until: ({ health }) => health === 'critical',
    })
    const judged = await place.query(
      `select body from journal where kind = 'judged' and subject_id = '${alone.instance}' order by revision`,
    )
    t.equal(judged.length, 2, 'passing, then critical: each once')
    await replicas.inOrder()
    const { revision } = await well.self()
    const prints = await Promise.all([sick, well].map((plane) => plane.fingerprint(revision)))
    t.equal(prints[0]?.hash, prints[1]?.hash)
    const deaths = await place.query("select body from journal where kind in ('death-confirmed', 'deregistered')")
    t.strictSame(deaths, [])
  })
})
