import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import t, { type Test } from 'tap'
import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import { DeltaClient } from '#test/support/envoy/delta-client.ts'
import { type ReadingPace, SlowRelay } from '#test/support/envoy/slow-relay.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 30_000
const definitions = loadEnvoyDefinitions()
const services = Array.from({ length: 10 }, (_, index) => `wide-${index}`)
/** Instances of each service: half of them go and come back in each round. */
const each = 90
const rounds = 40
/** Slow streams of each kind. */
const slow = 12

const declaration = `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: 1 }] }
routes:
${services.map((name) => `  - { prefix: /${name}, service: ${name}, path: keep }`).join('\n')}
`

async function figure(plane: RunningPlane, name: string): Promise<number> {
  const text = await (await fetch(`${plane.url}/metrics`)).text()
  const escaped = name.replaceAll(/[{}]/g, '\\$&')
  return Number(new RegExp(`^${escaped} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
}

const sinkFigure = (plane: RunningPlane, what: string) =>
  figure(plane, `heddle_sink_figure{sink="envoy:edge",figure="${what}"}`)

async function batch(plane: RunningPlane, operations: readonly object[]): Promise<void> {
  const response = await fetch(`${plane.url}/cluster/batch`, {
    method: 'POST',
    body: JSON.stringify({ operations }),
    signal: AbortSignal.timeout(withinMs),
  })
  const { success } = (await response.json()) as { readonly success: boolean }
  if (!success) throw new Error(`a batch was answered with ${response.status}`)
}

/** So many instances of each service. */
const everyOne = <T>(of: number, make: (service: string, at: number, index: number) => T): readonly T[] =>
  services.flatMap((service, at) => Array.from({ length: of }, (_, index) => make(service, at, index)))

async function register(plane: RunningPlane, of: number): Promise<void> {
  const operations = everyOne(of, (service, at, index) => ({
    op: 'register',
    body: {
      ...{ service_name: service, instance_id: `${service}-${index}`, node_id: 'host' },
      ...{ address: `10.1.${at}.1`, port: 1_000 + index },
    },
  }))
  await batch(plane, operations)
  await say(plane, of, 'healthy')
}

async function say(plane: RunningPlane, of: number, health: string): Promise<void> {
  await batch(
    plane,
    everyOne(of, (service, _, index) => ({ op: 'heartbeat', id: `${service}-${index}`, health })),
  )
}

/** Asks for everything, as an Envoy does. */
function asking(t: Test, port: number, id: string): DeltaClient {
  const client = new DeltaClient(port, definitions)
  t.teardown(() => client[Symbol.dispose]())
  client.hello('edge', id)
  client.ask('endpoints', { resource_names_subscribe: services })
  return client
}

/** One that confirms everything at once, and knows how many endpoints each service has. */
class Follower {
  readonly client: DeltaClient
  #seen = 0
  confirmed = 0

  constructor(client: DeltaClient) {
    this.client = client
  }

  /** Confirms what has come; answers how many endpoints the last answer of any service had. */
  follow(): number {
    const { answers } = this.client
    for (; this.#seen < answers.length; this.#seen += 1) {
      const answer = answers[this.#seen]
      if (!answer) continue
      this.client.confirm(answer)
      this.confirmed += 1
    }
    const last = answers.findLast(({ kind }) => kind === 'endpoints')
    return last ? last.endpointCount() / Math.max(1, last.names.length) : Number.NaN
  }
}

await t.test('streams that nobody reads or confirms cost no memory and delay nobody', async (t) => {
  const settings = { logging: { level: 'warn' }, routing: { gather: '5ms' } }
  await using plane = await RunningPlane.start({ declaration, settings })
  await register(plane, each)
  // What it takes to say and store this at all is not counted.
  for (let round = 0; round < 10; round += 1) await say(plane, each / 2, round % 2 === 0 ? 'critical' : 'healthy')
  const relays: Record<'never' | 'byte a second', SlowRelay[]> = { never: [], 'byte a second': [] }
  for (const pace of ['never', 'byte a second'] satisfies ReadingPace[]) {
    for (let index = 0; index < slow; index += 1) {
      const relay = await SlowRelay.start(plane.xdsPort)
      t.teardown(() => relay[Symbol.asyncDispose]())
      relays[pace].push(relay)
      const client = asking(t, relay.port, `${pace}-${index}`)
      await waitFor(() => client.answers.length > 0, { what: 'its first answer', withinMs })
    }
  }
  // Their connections answer pings, so they are there: they take no more than they let come.
  const paused = Array.from({ length: slow }, (_, index) => asking(t, plane.xdsPort, `paused-${index}`))
  const mute = Array.from({ length: slow }, (_, index) => asking(t, plane.xdsPort, `mute-${index}`))
  const good = new Follower(asking(t, plane.xdsPort, 'good'))
  const seen = (count: number) =>
    waitFor(() => good.follow(), { what: `${count} endpoints`, withinMs, until: (now) => now === count, everyMs: 5 })
  await seen(each)
  await waitFor(() => sinkFigure(plane, 'envoys'), { what: 'all', withinMs, until: (now) => now === 4 * slow + 1 })
  for (const client of paused) client.pause()
  for (const pace of ['never', 'byte a second'] as const) for (const relay of relays[pace]) relay.read(pace)
  const before = await figure(plane, 'process_resident_memory_bytes')
  const bytesBefore = await sinkFigure(plane, 'bytes')
  const took: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now()
    await say(plane, each / 2, round % 2 === 0 ? 'critical' : 'healthy')
    await seen(round % 2 === 0 ? each / 2 : each)
    took.push(performance.now() - startedAt)
  }
  // Each frame is made once, and would wait for each of the slow ones.
  const told = ((await sinkFigure(plane, 'bytes')) - bytesBefore) * slow * 4
  const grown = (await figure(plane, 'process_resident_memory_bytes')) - before
  t.ok(grown < told, `${Math.round(grown / 1e6)} MB more, of ${Math.round(told / 1e6)} MB that were told`)
  t.ok(Math.max(...took) < 20_000, `a round took ${Math.round(Math.max(...took))} ms at most`)
  t.ok((await sinkFigure(plane, 'held_back')) >= slow, 'those that confirm nothing are shown')
  await waitFor(() => figure(plane, 'heddle_cut_off{what="xds_silent"}'), {
    what: 'the end of those that read nothing, and of those that read a byte a second',
    withinMs,
    until: (now) => now === 2 * slow,
  })
  await waitFor(() => figure(plane, 'heddle_bound_now{what="xds_connections"}'), {
    what: 'their sockets to be gone',
    withinMs,
    until: (now) => now === 2 * slow + 1,
  })
  const toMute = Math.max(...mute.map(({ answers }) => answers.length))
  t.ok(toMute <= 32, `${toMute} answers to one that is mute`)

  const late = [...paused, ...mute].map((client) => new Follower(client))
  for (const client of paused) client.resume()
  const newest = async () => {
    const counts = late.map((follower) => follower.follow())
    return counts.every((count) => count === each) && (await sinkFigure(plane, 'held_back')) === 0
  }
  await waitFor(newest, { what: 'all to have what is newest', withinMs })
  const most = Math.max(...late.map(({ confirmed }) => confirmed))
  t.ok(most < good.confirmed / 3, `${most} answers, not ${good.confirmed}`)
})

/** Asks for the state of the world as a whole, and how that is answered. */
async function wholeWorld(plane: RunningPlane) {
  const session = connectHttp2(`http://127.0.0.1:${plane.xdsPort}`)
  const request = session.request({
    ':method': 'POST',
    ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
    'content-type': 'application/grpc',
    te: 'trailers',
  })
  const [headers] = await once(request, 'response')
  return { session, headers }
}

await t.test(
  'a stream that is not served, or names more than anybody has, is ended, and the others are answered',
  async (t) => {
    await using plane = await RunningPlane.start({ declaration, settings: { logging: { level: 'error' } } })
    const { headers, session } = await wholeWorld(plane)
    t.teardown(() => session.destroy())
    t.match(headers, { 'grpc-status': '12' }, 'who asks for the whole state of the world is told at once')
    const greedy = asking(t, plane.xdsPort, 'greedy')
    const good = new Follower(asking(t, plane.xdsPort, 'good'))
    for (let part = 0; part < 5; part += 1) {
      const names = Array.from({ length: 50_000 }, (_, index) => `name-${part}-${index}`)
      greedy.ask('endpoints', { resource_names_subscribe: names })
    }
    await waitFor(() => greedy.errors[0]?.code === 8, { what: 'the refusal', withinMs })
    await register(plane, 2)
    await waitFor(() => good.follow() === 2, { what: 'the endpoints', withinMs })
    t.equal(await figure(plane, 'heddle_cut_off{what="xds_names"}'), 1)
  },
)
