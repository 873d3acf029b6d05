import t from 'tap'
import type { DecisionView, DiscoveredView, Found } from '#shared/protocol/discovery.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { registerWell, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const withinMs = 20_000
type Row = { readonly service_id: string; readonly last_heartbeat: string; readonly status: string }
type Metrics = { readonly metrics: readonly { readonly metric_name: string; readonly points: readonly object[] }[] }

const found: Found = {
  id: 'found-8000-aaaaaaaa',
  port: 8000,
  address: '127.0.0.1',
  state: 'asking',
  by: 'policy',
  confidence: 'unknown',
  evidence: [],
  health: 'passing',
  reason: reason('ok'),
  check: 'tcp',
  remarks: [],
}

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('what one of two planes hears, the other knows', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  await using replicas = await startReplicas(place, 2)
  const [one, two] = await replicas.inOrder()
  if (!two) throw new Error('two planes')
  await waitFor(async () => [await one.status(), await two.status()], {
    what: 'the planes to hear each other',
    withinMs,
    until: (views: readonly StatusView[]) => views.every(({ problems = [] }) => problems.length === 0),
  })

  await t.test('heartbeats of clients, whichever plane they come to', async (t) => {
    await registerWell(one, 'crm-1', 9_001)
    const row = async (plane: typeof one) => {
      const { services } = await plane.get<{ services: readonly Row[] }>('/cluster/services?status=all')
      const row = services.find(({ service_id }) => service_id === 'crm-1')
      if (!row) throw new Error('no row')
      return row
    }
    for (const plane of [two, one, two]) {
      const before = Date.parse((await row(one)).last_heartbeat)
      t.equal((await plane.send('POST', '/cluster/heartbeat/crm-1', {})).status, 200)
      const told = await waitFor(() => row(plane === one ? two : one), {
        what: 'the other plane to know it',
        withinMs,
        until: ({ last_heartbeat }) => Date.parse(last_heartbeat) > before,
        everyMs: 5,
      })
      t.match(told, { status: 'active' })
    }
  })

  await t.test('metrics, with the same answer from both', async (t) => {
    const sent = await two.send('POST', '/cluster/metrics/crm-1', {
      metrics: [{ name: 'queue_length', value: 3, unit: 'count' }],
    })
    t.ok(sent.ok, await sent.clone().text())
    const ask = async (plane: typeof one) => {
      const { metrics } = await plane.get<Metrics>('/cluster/metrics/crm-1')
      return metrics.filter(({ metric_name }) => metric_name === 'queue_length')
    }
    const look = async () => [await ask(one), await ask(two)]
    const [here, there] = await waitFor(look, {
      what: 'both to have it',
      withinMs,
      until: (answers) => answers.every(({ length }) => length === 1),
    })
    t.strictSame(here, there)
  })

  await t.test('an operator decides through the plane that does not have the agent', async (t) => {
    const node = nodeId(1)
    await using agent = await AgentClient.attached(two.url, helloOf({ node, takes: ['discoveries'] }))
    agent.send({ type: 'discovered', found: [found], conflicts: [], left: 0 })
    await waitFor(() => one.get<DiscoveredView>('/v1/discovered'), {
      what: 'the other plane to know what was found',
      withinMs,
      until: (view) => view.found.some(({ id }) => id === found.id),
    })
    const decided = one.send('PUT', `/v1/discovered/${found.id}`, { do: 'ignore', by: 'alice' })
    await waitFor(() => agent.desired().discoveries?.[found.id], { what: 'the decision at the agent', withinMs })
    agent.send({
      type: 'discovered',
      found: [{ ...found, state: 'ignored', by: 'operator:alice' }],
      conflicts: [],
      left: 0,
    })
    const answer = await decided
    t.equal(answer.status, 200, await answer.clone().text())
    t.match((await answer.json()) as DecisionView, { node, state: 'ignored' })
  })

  await t.test('late words of a session that was left do not count', async (t) => {
    const node = nodeId(2)
    const spec = specOf({ id: 'moved-1', port: 9_200, checks: [] })
    await using old = await AgentClient.attached(one.url, helloOf({ node, address: '10.0.0.2' }))
    await old.reported([passing(spec)], { whole: true })
    await using fresh = await AgentClient.attached(two.url, helloOf({ node, address: '10.0.0.2' }))
    await fresh.reported([{ ...passing(spec), health: 'warning', reason: reason('ok') }], { whole: true })
    old.report([passing(spec)])
    t.match(await old.ended(), { code: 1000 })
    fresh.send({ type: 'beat' })
    for (const plane of [one, two]) {
      await waitFor(() => plane.get<{ health: string }>('/v1/instances/moved-1'), {
        what: `${plane.name} to know the newer word`,
        withinMs,
        until: ({ health }) => health === 'warning',
      })
    }
    const judged = await place.query(
      "select body from journal where kind = 'judged' and subject_id = 'moved-1' order by revision desc limit 1",
    )
    t.match(judged, [{ body: /warning/ }], 'and the late word was never written down')
    const contact = await place.query(
      `select body from journal where kind = 'contact-changed' and subject_id = '${node}'`,
    )
    t.strictSame(contact, [])
  })

  await t.test(
    'a plane that lives but does not answer is named, and what only it can tell fails with a remedy',
    async (t) => {
      const node = nodeId(3)
      await using agent = await AgentClient.attached(two.url, helloOf({ node, takes: ['discoveries'] }))
      const other = { ...found, id: 'found-8000-bbbbbbbb' }
      agent.send({ type: 'discovered', found: [other], conflicts: [], left: 0 })
      await waitFor(() => one.get<DiscoveredView>('/v1/discovered'), {
        what: 'the other plane to know what was found',
        withinMs,
        until: (view) => view.found.some(({ id }) => id === other.id),
      })
      two.program.signal('SIGSTOP')
      const answer = await one.send('PUT', `/v1/discovered/${other.id}`, { do: 'ignore', by: 'alice' })
      two.program.signal('SIGCONT')
      const body = (await answer.json()) as { code?: string; remedy?: string }
      t.ok(answer.status === 503 || answer.status === 409, `${answer.status}`)
      if (answer.status === 503) t.match(body, { code: 'PEER_UNREACHABLE', remedy: /api\.advertise/ })
    },
  )
})
