import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Change } from '../../fleet/event.ts'
import type { RecordChange } from '../../fleet/record.ts'
import { KubernetesConfig } from '../../kubernetes/config.ts'
import { KubernetesSource } from './source.ts'

// What a cluster says while something else goes wrong is played here; the rest is tested on a real API server (test/real/kubernetes-*).

/** A slice of a Service of its own, with so many endpoints. */
const slice = (service: string, count: number, resourceVersion: string) => ({
  metadata: {
    ...{ namespace: 'shop', name: `${service}-a`, resourceVersion },
    labels: { 'kubernetes.io/service-name': service },
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 80 }],
  endpoints: Array.from({ length: count }, (_, at) => ({
    addresses: [`10.0.${service.length}.${at + 1}`],
    nodeName: 'n',
  })),
})
const said = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`
const whole = (resourceVersion: string) =>
  said('BOOKMARK', { metadata: { resourceVersion, annotations: { 'k8s.io/initial-events-end': 'true' } } })
const forgotten = said('ERROR', { code: 410, message: 'too old' })

const log = createLogger({ name: 'test', level: 'silent' })

type Ask = (response: ServerResponse, lists: boolean) => void

/** A source of a cluster that answers as it is told, and the fleet that it writes to. */
async function watched(ask: Ask, before: (change: Change) => Promise<void> = async () => {}, settings = {}) {
  const world = { ask, before, asked: 0 }
  const open = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    world.asked += 1
    open.add(response)
    response.writeHead(200).flushHeaders()
    world.ask(response, new URL(request.url ?? '', 'http://here').searchParams.has('sendInitialEvents'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const builder = new FleetBuilder()
  const { fleet } = builder
  const recorded: Change[] = []
  const record: RecordChange = async (change, { by }) => {
    await world.before(change)
    recorded.push(change)
    fleet.apply([{ revision: fleet.revision + 1, event: { version: 1, at: 1, by, change } }])
    return 'changed'
  }
  const [config] = KubernetesConfig.parse({
    clusters: [{ name: 'prod', server: `http://127.0.0.1:${port}`, pods: false, services: [{}], ...settings }],
  }).clusters
  if (!config) throw new Error('a cluster')
  const source = new KubernetesSource({ config, fleet, record, log })
  return {
    ...{ world, builder, fleet, recorded, source },
    /** Says more to all who listen. */
    say: (text: string) => {
      for (const response of open) response.write(text)
    },
    end: (text: string) => {
      for (const response of open) response.end(text)
      open.clear()
    },
    has: (count: number) =>
      waitFor(() => fleet.instances.size, { what: `${count} instances`, withinMs: 5_000, until: (is) => is === count }),
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]()
      server.closeAllConnections()
      server.close()
    },
  }
}

t.test('what a list began to say, and a whole one does not name, is judged like everything else', async (t) => {
  await using cluster = await watched((response) => response.write(said('ADDED', slice('crm', 20, '1')) + whole('2')))
  const { world, fleet, source } = cluster
  await cluster.has(20)
  let lists = 0
  world.ask = (response, isList) => {
    if (!isList) return
    lists += 1
    // It names all and breaks off; the next one is whole, and empty.
    if (lists === 1) response.end(said('ADDED', slice('crm', 20, '3')))
    else response.write(whole('9'))
  }
  cluster.end(forgotten)
  await waitFor(() => source.status.held, { what: 'the guard', withinMs: 5_000, until: (held) => held === 20 })
  t.equal(fleet.instances.size, 20)
})

t.test('what an operator lets go is what was held then, and not what is held later', async (t) => {
  await using cluster = await watched((response) =>
    response.write(said('ADDED', slice('crm', 20, '1')) + said('ADDED', slice('other', 20, '1')) + whole('2')),
  )
  const { world, fleet, source } = cluster
  await cluster.has(40)
  world.ask = (response, isList) => isList && response.write(said('ADDED', slice('other', 20, '1')) + whole('9'))
  cluster.end(forgotten)
  const isHeld = (count: number) =>
    waitFor(() => source.status.held, { what: `${count} held`, withinMs: 5_000, until: (held) => held === count })
  await isHeld(20)
  // The cluster is listed anew, which takes its time, when the operator says so of those 20.
  const late = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  world.ask = (response, isList) => {
    if (!isList) return
    asked.resolve()
    late.promise.then(() => response.write(whole('19')))
  }
  cluster.end(forgotten)
  await asked.promise
  t.equal(source.approve(), 20)
  late.resolve()
  await cluster.has(20)
  await isHeld(20)
  t.equal(
    [...fleet.instances.values()].every(({ spec }) => spec.service === 'other'),
    true,
  )
})

t.test('a list that begins while much is being recorded ends nothing before it is whole', async (t) => {
  await using cluster = await watched((response) =>
    response.write(said('ADDED', slice('crm', 250, '1')) + said('ADDED', slice('moves', 1, '1')) + whole('2')),
  )
  const { world, recorded } = cluster
  await cluster.has(251)
  await pause(200)
  recorded.length = 0
  const rest = Promise.withResolvers<void>()
  const began = Promise.withResolvers<void>()
  world.ask = (response, isList) => {
    if (!isList) return
    // The endpoint has left its slice, and the one that it is in now is not told yet.
    const moved = slice('moves', 1, '3')
    response.write(said('ADDED', { ...moved, endpoints: [] }))
    began.resolve()
    rest.promise.then(() =>
      response.write(
        said('ADDED', { ...moved, metadata: { ...moved.metadata, name: 'moves-b' } }) +
          said('ADDED', slice('crm', 250, '3')) +
          whole('9'),
      ),
    )
  }
  // The first chunk of many waits for the store until the list has begun.
  world.before = async () => {
    await began.promise
    await pause(100)
  }
  const unwell = slice('crm', 250, '3')
  for (const endpoint of unwell.endpoints) Object.assign(endpoint, { conditions: { ready: false } })
  cluster.say(said('MODIFIED', unwell) + said('MODIFIED', slice('moves', 1, '4')))
  await pause(100)
  cluster.end(forgotten)
  await began.promise
  await pause(500)
  rest.resolve()
  await pause(1_500)
  t.strictSame(
    recorded.filter(({ kind }) => kind === 'deregistered'),
    [],
  )
})

t.test('a store that takes nothing is asked again after a while, not without end', async (t) => {
  let tried = 0
  await using _cluster = await watched(
    (response) => response.write(said('ADDED', slice('crm', 1, '1')) + whole('2')),
    async () => {
      tried += 1
      throw new Error('the store is away')
    },
  )
  await pause(1_700)
  t.ok(tried > 0 && tried <= 6, `${tried} times within 1.7 s`)
})

t.test('slices that come by other names in a new list do not count twice among the most that are kept', async (t) => {
  await using cluster = await watched(
    (response) => response.write(said('ADDED', slice('crm', 20, '1')) + whole('2')),
    undefined,
    { most: 30 },
  )
  await cluster.has(20)
  const { world, recorded, source } = cluster
  const renamed = slice('crm', 20, '3')
  renamed.metadata.name = 'crm-b'
  world.ask = (response, isList) => isList && response.write(said('ADDED', renamed) + whole('9'))
  await pause(200)
  const { asked } = world
  cluster.end(forgotten)
  await waitFor(() => world.asked, { what: 'the list', withinMs: 5_000, until: (count) => count > asked })
  await pause(500)
  t.match(source.status, { instances: 20, leftOut: { beyond: undefined } })
  t.notOk(recorded.some(({ kind }) => kind === 'deregistered'))
})
