import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { status } from '@grpc/grpc-js'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import type { ResourceKind } from '#control-plane/routing/envoy/resource.ts'
import { type DeltaAnswer, DeltaClient } from '#test/support/envoy/delta-client.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { MemoryVersions } from '#test/support/routing/memory-versions.ts'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import { waitFor } from '#test/support/wait.ts'
import { loadEnvoyDefinitions } from './envoy/definitions.ts'
import { startRouting, type TableUpdate } from './start.ts'

const definitions = loadEnvoyDefinitions()
const withinMs = 20_000
const head = `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: 8080 }] }
  shadow: { proxy: envoy, mode: observe, listeners: [{ port: 8081 }] }
  side: { proxy: nginx, listeners: [{ port: 8090 }] }
`
const declared = `${head}routes:
  - { prefix: /api/users, service: user, path: strip }
  - { prefix: /api/jobs, service: job, path: keep, gateways: [edge] }
`

async function setUp(t: Test, text: string | undefined = declared) {
  const folder = await temporaryFolder('routing')
  t.teardown(() => folder[Symbol.asyncDispose]())
  const declaration = join(folder.path, 'routes.yaml')
  if (text !== '') await writeFile(declaration, text)
  const world = new RoutingFleet()
  const warnings: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) })
  const stop = new AbortController()
  const routing = await startRouting(
    {
      ...(text === '' ? {} : { declaration }),
      compare_files_every: 60_000,
      gather: 5,
      compare_every: 60_000,
      xds: { address: '127.0.0.1', port: 0, insecure: false },
    },
    { fleet: world.fleet, log, store: new MemoryVersions(), signal: stop.signal },
  )
  t.teardown(() => routing[Symbol.asyncDispose]())
  const connect = (gateway: string) => {
    const client = new DeltaClient(routing.port, definitions)
    t.teardown(() => client[Symbol.dispose]())
    client.hello(gateway)
    return client
  }
  const until = <T>(what: string, look: () => T) => waitFor(look, { what, withinMs, everyMs: 2 })
  const sink = (name: string) => {
    const found = routing.sinks().find((one) => one.status().name === `envoy:${name}`)
    if (!found) throw new Error(`no sink ${name}`)
    return found
  }
  return { world, routing, declaration, warnings, stop, connect, until, sink }
}

const nothing: DeltaAnswer = { kind: undefined, nonce: '', names: [], removed: [], endpointCount: () => 0, at: 0 }

const namesOf = (client: DeltaClient, kind: ResourceKind) => {
  return client.answers.filter((answer) => answer.kind === kind).map(({ names }) => names)
}

await t.test('the port opens at once, and answers when the state is complete', async (t) => {
  const { world, connect, until, routing, sink } = await setUp(t)
  world.add('user', 1)
  const client = connect('edge')
  await until('the stream', () => sink('edge').status().figures.envoys === 1)
  t.match(sink('edge').status(), { state: 'behind', remarks: ['the state is not complete yet'], proven: undefined })
  t.match(sink('edge').explain('user-1'), { state: 'unknown', remark: 'the state is not complete yet' })
  t.strictSame(client.answers, [])
  t.equal(routing.tableFor('edge'), undefined)
  world.fleet.markComplete()
  await until('the answer', () => client.answers.length > 0)
  t.strictSame(namesOf(client, 'cluster'), [['job', 'user']])
  t.equal(routing.tableFor('edge')?.services.length, 2)
})

await t.test('a sink has proven what its Envoys have confirmed, and explains an instance', async (t) => {
  const { world, connect, until, sink, routing } = await setUp(t)
  const user = world.add('user', 1)
  const other = world.add('other', 2)
  world.fleet.markComplete()
  await until('the table', () => routing.tableFor('edge'))
  t.match(sink('edge').status(), { state: 'behind', remarks: ['no Envoy is connected'] })
  t.match(sink('edge').explain(user), { state: 'unknown', remark: 'no Envoy is connected' })
  const client = connect('edge')
  await until('the clusters', () => client.answers[0])
  t.match(sink('edge').status(), { state: 'behind', proven: undefined, figures: { behind: 1 } })
  client.confirm(client.answers[0] ?? nothing)
  client.ask('endpoints', { resource_names_subscribe: ['user', 'job'] })
  await until('the endpoints', () => client.answers[1])
  t.match(sink('edge').explain(user), { state: 'different' })
  client.ask('listener')
  client.ask('routes', { resource_names_subscribe: ['edge'] })
  await until('the listener', () => client.answers[2])
  t.equal(sink('edge').status().proven, undefined, 'the clusters alone are no proof')
  for (const answer of client.answers.slice(1)) client.confirm(answer)
  const routes = await until('the routes', () => client.answers[3])
  client.confirm(routes ?? nothing)
  await until('the proof', () => sink('edge').status().proven)
  t.match(sink('edge').status(), {
    kind: 'envoy',
    mode: 'apply',
    state: 'following',
    remarks: [],
    proven: { revision: world.fleet.revision },
  })
  t.match(sink('edge').explain(user), { state: 'shown', remark: '127.0.0.1:1 by /api/users' })
  t.match(sink('edge').explain(other), { state: 'absent', remark: 'no route of edge leads to other' })
  t.match(sink('edge').explain('nobody'), { state: 'absent', remark: 'not known' })
  t.match(routing.explain(user), [
    {
      stage: 'route:edge',
      state: 'yes',
      text: '/api/users (routes.yaml:6) leads to user, one of 1, at 127.0.0.1:1 with weight 100',
    },
    { stage: 'route:shadow' },
    { stage: 'route:side' },
  ])
  t.strictSame(routing.explain(other), [])

  world.fails(user)
  const removal = await until('the removal', () => client.answers[4])
  client.confirm(removal ?? nothing)
  await until('its proof', () => sink('edge').status().proven?.revision === world.fleet.revision)
  t.match(sink('edge').explain(user), { state: 'absent', remark: 'refused' })
  t.match(routing.explain(user)[0], {
    state: 'no',
    text: '/api/users (routes.yaml:6) leads to user, but not to this instance: refused',
  })
})

await t.test('an Envoy of a gateway that is not declared gets no answer, and a warning says so', async (t) => {
  const { world, connect, until, warnings, declaration, sink } = await setUp(t)
  world.fleet.markComplete()
  const client = connect('egde')
  const served = connect('edge')
  await until('the other answer', () => served.answers.length > 0)
  t.strictSame(client.answers, [])
  t.ok(warnings.some((line) => line.includes('"gateway":"egde"') && line.includes('is not declared')))
  t.equal(sink('edge').status().figures.envoys, 1)
  await writeFile(declaration, `${declared}\n`.replace('edge: { proxy', 'egde: { proxy').replace('[edge]', '[egde]'))
  await until('the answer once it is declared', () => client.answers.length > 0)
})

await t.test(
  'a gateway whose Envoys are given files has no sink here, and an Envoy that asks for it gets no answer',
  async (t) => {
    const text = `gateways:
  edge: { proxy: envoy, delivery: files, listeners: [{ port: 8080 }] }
routes:
  - { prefix: /api/users, service: user, path: strip }
`
    const { world, routing, warnings, connect, until } = await setUp(t, text)
    const tables: TableUpdate[] = []
    t.teardown(
      routing.onTable(
        (update) => tables.push(update),
        () => {},
      ),
    )
    world.fleet.markComplete()
    await until('its table', () => tables.length > 0)
    t.match(tables[0]?.table, { gateway: 'edge', proxy: 'envoy', delivery: 'files' })
    t.strictSame(routing.sinks(), [])
    connect('edge')
    await until('the warning', () => warnings.some((line) => line.includes('"gateway":"edge"')))
  },
)

await t.test('a gateway that is only observed is shown and not answered', async (t) => {
  const { world, connect, until, sink, routing } = await setUp(t)
  const user = world.add('user', 1)
  world.fleet.markComplete()
  const client = connect('shadow')
  await until('the table', () => routing.tableFor('shadow'))
  await until('the stream', () => sink('shadow').status().figures.envoys === 1)
  t.match(sink('shadow').status(), { mode: 'observe', remarks: ['only observed: nothing is sent'] })
  t.match(sink('shadow').explain(user), { state: 'unknown', remark: 'the gateway is only observed' })
  t.strictSame(client.answers, [])
})

await t.test('listeners get the tables of all gateways, those that are there already and each new one', async (t) => {
  const { world, routing, until } = await setUp(t)
  world.fleet.markComplete()
  await until('the table', () => routing.tableFor('side'))
  const updates: TableUpdate[] = []
  const detach = routing.onTable(
    (update) => updates.push(update),
    () => {},
  )
  t.strictSame(
    updates.map(({ table }) => table.gateway),
    ['edge', 'shadow', 'side'],
  )
  world.add('user', 1)
  await until('the next tables', () => updates.length >= 6)
  t.match(updates.at(-1)?.table.services, [{ name: 'user', endpoints: [{ port: 1 }] }])
  detach()
})

await t.test('a frozen sink says so, and serves what was published before', async (t) => {
  const { world, connect, until, sink } = await setUp(t)
  const user = world.add('user', 1)
  world.fleet.markComplete()
  await until('the table', () => sink('edge').status().figures.clusters === 2)
  world.happen({ kind: 'frozen', reason: 'maintenance' })
  world.fails(user)
  const client = connect('edge')
  client.ask('endpoints', { resource_names_subscribe: ['user'] })
  await until('the endpoints of before', () => namesOf(client, 'endpoints').length > 0)
  t.match(sink('edge').status(), { state: 'frozen' })
  t.match(sink('edge').explain(user).state, /different|shown/)
})

await t.test('a plane that starts frozen answers nothing until the thaw', async (t) => {
  const { world, connect, until, sink } = await setUp(t)
  world.happen({ kind: 'frozen', reason: 'maintenance' })
  world.fleet.markComplete()
  const client = connect('edge')
  await until('the stream', () => sink('edge').status().figures.envoys === 1)
  t.match(sink('edge').status(), { state: 'frozen', remarks: ['frozen since before the start: nothing is answered'] })
  world.happen({ kind: 'thawed', reason: 'done' })
  await until('the answer', () => client.answers.length > 0)
})

await t.test('a bad declaration is a problem, and what was good goes on', async (t) => {
  const { world, routing, declaration, until } = await setUp(t)
  world.fleet.markComplete()
  await until('the table', () => routing.tableFor('edge'))
  t.strictSame(routing.problems(), [])
  await writeFile(declaration, declared.replace('path: strip', 'path: stripped'))
  await until('the problem', () => routing.problems()[0])
  t.match(routing.problems()[0], /^routes.yaml:6 routes\[0\].path: say what becomes of the path/)
  t.equal(routing.tableFor('edge')?.routes.length, 2)
})

await t.test('without a declaration there are no sinks and no problems', async (t) => {
  const { routing } = await setUp(t, '')
  t.strictSame(routing.sinks(), [])
  t.strictSame(routing.problems(), [])
})

await t.test('a stream that does not say who it is is refused', async (t) => {
  const { routing, until } = await setUp(t)
  using client = new DeltaClient(routing.port, definitions)
  client.ask('cluster')
  const error = await until('the refusal', () => client.errors[0])
  t.equal(error?.code, status.INVALID_ARGUMENT)
})

for (const { what, said } of [
  { what: 'the name of its node', said: { node: { id: 'x'.repeat(1_025), cluster: 'edge' } } },
  { what: 'the name of its gateway', said: { node: { id: 'x', cluster: 'x'.repeat(1_025) } } },
  {
    what: 'the name of a resource',
    said: { node: { id: 'x', cluster: 'edge' }, resource_names_subscribe: ['x'.repeat(1_025)] },
  },
  {
    what: 'a version',
    said: { node: { id: 'x', cluster: 'edge' }, initial_resource_versions: { crm: 'x'.repeat(1_025) } },
  },
]) {
  await t.test(`a stream is ended, and counted, where ${what} is longer than any is`, async (t) => {
    const { routing, until } = await setUp(t)
    using client = new DeltaClient(routing.port, definitions)
    client.ask('cluster', said)
    const error = await until('the refusal', () => client.errors[0])
    t.equal(error?.code, status.RESOURCE_EXHAUSTED)
    t.equal(routing.cuts().xds_names, 1)
    t.match(routing.bounds(), [{ name: 'xds_connections', most: 5_000 }, { name: 'xds_unfinished_bytes' }])
  })
}

await t.test('a stream that ends is forgotten, and the end of routing ends the streams', async (t) => {
  const { world, routing, connect, until, sink, stop } = await setUp(t)
  world.fleet.markComplete()
  const first = connect('edge')
  const second = connect('edge')
  await until('both streams', () => sink('edge').status().figures.envoys === 2)
  first[Symbol.dispose]()
  await until('one stream', () => sink('edge').status().figures.envoys === 1)
  stop.abort()
  await routing[Symbol.asyncDispose]()
  t.ok(await until('its end', () => second.errors.length > 0 || second.ended))
})

await t.test('a port that is taken is named', async (t) => {
  const { world } = await setUp(t, '')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const log = pino({ level: 'silent' })
  const config = {
    compare_files_every: 1000,
    gather: 20,
    compare_every: 1000,
    xds: { address: '127.0.0.1', port, insecure: false },
  }
  await t.rejects(
    startRouting(config, { fleet: world.fleet, log, store: new MemoryVersions(), signal: AbortSignal.abort() }),
    {
      code: 'PORT_TAKEN',
      message: `cannot listen on 127.0.0.1:${port} for Envoys (routing.xds.port)`,
    },
  )
})
