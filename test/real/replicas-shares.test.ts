import t from 'tap'
import { ownerOf } from '#shared/spread/rendezvous.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { type RunningReplica, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { registerOn } from '#test/support/store/plane-on.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const withinMs = 60_000
/** Two looks at one instance by one plane are never nearer than 0.9 of this. */
const surveyMs = 3_000
const clients = Array.from({ length: 24 }, (_, index) => `crm-${index}`)
/** Where no packet is sent to: a machine refuses by itself to connect there. */
const address = '255.255.255.255'
const probed = Array.from({ length: 12 }, (_, index) => {
  const id = `probed-${index}`
  return specOf({ id, service: id, address, port: 9_300 + index })
})

/** How many minutes of metrics a plane adds up now. */
async function minutesOf(plane: RunningReplica): Promise<number> {
  const text = await (await fetch(`${plane.url}/metrics`, { signal: AbortSignal.timeout(15_000) })).text()
  return Number(/^heddle_bound_now\{what="metric_minutes"\} (\d+)$/m.exec(text)?.[1] ?? Number.NaN)
}

async function measure(through: RunningReplica, id: string): Promise<void> {
  const metrics = [{ name: 'queue_length', value: 3, unit: 'count' }]
  const sent = await through.send('POST', `/cluster/metrics/${id}`, { metrics })
  if (!sent.ok) throw new Error(await sent.text())
}

/** How often an agent was asked to look at each port. */
function looksOf(agent: AgentClient): ReadonlyMap<number, number> {
  const ports = new Map<string, number>()
  for (const message of agent.received) {
    if (message.type !== 'desired') continue
    for (const [id, spec] of Object.entries(message.desired.probes ?? {})) if ('port' in spec) ports.set(id, spec.port)
  }
  const counts = new Map<number, number>()
  for (const port of ports.values()) counts.set(port, (counts.get(port) ?? 0) + 1)
  return counts
}

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('two planes share what can be split', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  const ingest = { agents: { vantages: { survey_every: `${surveyMs}ms`, agents: 1 } } }
  await using replicas = await startReplicas(place, 2, () => ({ ingest }))
  const [one, two] = await replicas.inOrder()
  if (!two) throw new Error('two planes')
  for (const id of clients) t.ok((await registerOn(one.url, id, 9_000 + Number(id.slice(4)))).ok)

  /** What of these keys falls to a plane, among those that serve. */
  const fallsTo = async (plane: RunningReplica, keys: readonly string[]) => {
    const { replicas: seen = [] } = await plane.status()
    const runs = seen.flatMap(({ run, state }) => (state === 'serving' ? [run] : []))
    const self = seen.find((each) => each.self)?.run
    return keys.filter((key) => ownerOf(key, runs) === self)
  }
  /** Measures each service through the one; what falls to each of these planes, and how many minutes it adds up. */
  const measured = async (planes: readonly RunningReplica[]) => {
    for (const id of clients) await measure(one, id)
    return Promise.all(
      planes.map(async (plane) => [(await fallsTo(plane, clients)).length, await minutesOf(plane)] as const),
    )
  }

  await t.test('metrics: each service is added up by exactly one', async (t) => {
    const rows = await waitFor(() => measured([one, two]), {
      what: 'each plane to add up its share, and no more',
      withinMs,
      everyMs: 200,
      until: (rows) =>
        rows.every(([own, minutes]) => own === minutes) && rows.reduce((sum, [own]) => sum + own, 0) === clients.length,
    })
    t.ok(
      rows.every(([own]) => own > 0),
      rows.join(' and '),
    )
  })

  // The agent of one machine has the instances, that of the other is asked for each of them by whoever looks at it.
  await using host = await AgentClient.attached(one.url, helloOf({ node: nodeId(1) }))
  const there = helloOf({ node: nodeId(2), address: '10.0.0.2', takes: ['restarts'] })
  await using vantage = await AgentClient.attached(two.url, there)
  host.serve(1_000)
  vantage.serve(1_000)
  const begun = performance.now()
  await host.reported(probed.map(passing), { whole: true })

  await t.test(
    'probing: each service is looked at, by one of them, whichever has the agent that is asked',
    async (t) => {
      const looks = await waitFor(() => looksOf(vantage), {
        what: 'two looks at each',
        withinMs,
        until: (counts) => probed.every(({ port }) => (counts.get(port) ?? 0) >= 2),
      })
      const most = 1 + Math.floor((performance.now() - begun) / (0.9 * surveyMs))
      t.ok(
        [...looks.values()].every((count) => count <= most),
        `${[...looks.values()].join(' ')}, of ${most} at most`,
      )
    },
  )

  await t.test('an order that is given to the one without the session is carried out by the other', async (t) => {
    const node = nodeId(2)
    const sent = () =>
      one.send('POST', `/v1/nodes/${node}/restarts`, { id: 'r-1', name: 'crm', reason: 'why', by: 'alice' })
    const answer = await waitFor(sent, { what: 'the order', withinMs, until: ({ status }) => status === 200 })
    t.match(await answer.json(), { id: 'r-1', node, name: 'crm' })
    await waitFor(() => JSON.stringify(vantage.desired()).includes('r-1'), { what: 'the order at the agent', withinMs })
  })

  await t.test('when one is killed the other does all', async (t) => {
    await two.program.kill()
    await vantage.ended()
    await using again = await AgentClient.attached(one.url, there)
    again.serve(1_000)
    const metrics = waitFor(() => measured([one]), {
      what: 'all to be added up',
      withinMs,
      everyMs: 200,
      // Those of the minute before may not be written yet.
      until: ([[own, minutes] = [0, 0]]) => own === clients.length && minutes >= own,
    })
    const looks = waitFor(() => looksOf(again), {
      what: 'a look at each',
      withinMs,
      until: (counts) => probed.every(({ port }) => (counts.get(port) ?? 0) > 0),
    })
    const [rows] = await Promise.all([metrics, looks])
    t.equal(rows[0]?.[0], clients.length)
  })

  await t.test('when it comes back they share again', async (t) => {
    await two.program.start()
    const [[own] = [0]] = await waitFor(() => measured([two]), {
      what: 'its share',
      withinMs,
      everyMs: 200,
      until: ([[own, minutes] = [0, 0]]) => own > 0 && own < clients.length && own === minutes,
    })
    t.ok(own < clients.length, `${own} of ${clients.length} at the one that came back`)
  })
})
