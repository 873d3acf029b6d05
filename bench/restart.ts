import { parseArgs } from 'node:util'
import { type EnvoyDefinitions, loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import type { ResourceKind } from '#control-plane/routing/envoy/resource.ts'
import { DeltaClient } from '#test/support/envoy/delta-client.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { type Landscape, startLandscape } from '#test/support/landscape/landscape.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'
import { catalogueIndices } from './restart/catalogue.ts'
import { attachFleet, type SimulatedFleet } from './restart/fleet.ts'
import { atMost, type BenchResult, exactly, median } from './result.ts'

const services = 100
const say = (text: string) => process.stderr.write(`${text}\n`)

/**
 * The plane with ten thousand instances from SIGKILL to serving a complete snapshot, and what the restart changed in sinks that
 * need no change. The neighbour is a process that only starts and answers.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({ args: [...args], options: { nodes: { type: 'string' }, rounds: { type: 'string' } } })
  const fleet: SimulatedFleet = { nodes: Number(values.nodes ?? 100), perNode: 100, services }
  const rounds = Number(values.rounds ?? 5)
  await using folder = await temporaryFolder('restart')
  await using landscape = await startLandscape({ folder: folder.path, members: [] })
  const names = Array.from({ length: services }, (_, index) => `service-${String(index).padStart(3, '0')}`)
  await writeYaml(`${folder.path}/routes/services.yaml`, {
    routes: names.map((service) => ({ prefix: `/${service}`, service, path: 'strip' })),
  })
  const count = fleet.nodes * fleet.perNode
  say(`registering ${count} instances`)
  let agents = await attachFleet(landscape.view.url, fleet, 1)
  await followed(landscape, count)

  const definitions = loadEnvoyDefinitions()
  const servingMs: number[] = []
  const counts = { missing: 0, deregistered: 0, routes: 0, writes: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const before = await stateOf(landscape)
    const start = performance.now()
    await landscape.plane.kill()
    await agents[Symbol.asyncDispose]()
    const starting = landscape.plane.start()
    const served = await snapshotServed(landscape, definitions, services)
    servingMs.push(served.at - start)
    counts.missing += count - served.endpoints
    await starting
    agents = await attachFleet(landscape.view.url, fleet, round + 2)
    await followed(landscape, count)
    const after = await stateOf(landscape)
    const events = await eventsSince(landscape, before.revision)
    counts.deregistered += events.filter((kind) => kind === 'deregistered' || kind === 'node-left').length
    counts.routes += after.envoy === before.envoy ? 0 : 1
    counts.writes += after.catalogues === before.catalogues ? 0 : 1
    say(`restart ${round + 1} of ${rounds}: ${Math.round(servingMs.at(-1) ?? 0)} ms`)
    if (after.catalogues !== before.catalogues) say(`catalogue: ${before.catalogues} became ${after.catalogues}`)
    if (after.envoy !== before.envoy) say(`Envoy: ${before.envoy} became ${after.envoy}`)
  }
  await agents[Symbol.asyncDispose]()
  return {
    bench: 'restart',
    goals: [
      atMost('from SIGKILL to a complete snapshot, median', median(servingMs), 'ms', 3_000),
      exactly('endpoints that the first snapshots lack', counts.missing, 'endpoints', 0),
      exactly('deregistrations', counts.deregistered, 'events', 0),
      exactly('restarts that changed a route', counts.routes, 'restarts', 0),
      exactly('restarts that wrote to a catalogue', counts.writes, 'restarts', 0),
    ],
    neighbour: {
      name: 'bare Node 26 from spawn to its first answer over HTTP',
      ready_ms: Math.round(await bareStart()),
    },
    figures: { instances: count, rounds, longest_ms: Math.round(Math.max(...servingMs)) },
  }
}

/** Waits until every sink has proven the fleet as it is, and the plane writes again where it must wait first. */
async function followed({ view }: Landscape, count: number): Promise<void> {
  await waitFor(() => view.status(), {
    what: 'every sink to follow',
    withinMs: 180_000,
    everyMs: 500,
    until: ({ instances, sinks, revision }) =>
      instances.routable === count &&
      sinks.every(({ proven, state }) => state === 'following' && proven?.revision === revision),
  })
}

async function stateOf({ view, zervigo, looma, envoy }: Landscape) {
  const { revision } = await view.status()
  const catalogues = `${await catalogueIndices(zervigo)} ${await catalogueIndices(looma)}`
  // How often Envoy took anything new, of any kind.
  const updates = await envoy.stats(
    '^(cluster_manager\\.cluster_(added|modified|removed)|listener_manager\\.listener_(added|modified|removed)|.*\\.rds\\..*\\.config_reload|cluster\\..*\\.membership_change)$',
  )
  return { revision, catalogues, envoy: JSON.stringify([...updates].sort().reduce((sum, [, value]) => sum + value, 0)) }
}

async function eventsSince({ view }: Landscape, after: number): Promise<readonly string[]> {
  const kinds: string[] = []
  for (let from = after; ; ) {
    const response = await fetch(`${view.url}/v1/events?after=${from}&limit=1000`)
    const events: readonly { readonly revision: number; readonly kind: string }[] = JSON.parse(await response.text())
    kinds.push(...events.map(({ kind }) => kind))
    const last = events.at(-1)
    if (!last) return kinds
    from = last.revision
  }
}

type Served = { readonly at: number; readonly endpoints: number }

/**
 * Resolves with the moment at which a client that has nothing has got every cluster of the gateway, each with its endpoints, and with how
 * many these are.
 */
async function snapshotServed({ plan }: Landscape, definitions: EnvoyDefinitions, wanted: number): Promise<Served> {
  for (;;) {
    using client = new DeltaClient(plan.ports.xds, definitions)
    client.hello('edge')
    const got = (wantedKind: ResourceKind) =>
      new Set(client.answers.flatMap(({ kind, names }) => (kind === wantedKind ? names : [])))
    const asked = new Set<string>()
    const servedAt = await waitFor(
      () => {
        if (client.errors.length > 0 || client.ended) return 'again'
        const clusters = got('cluster')
        const unasked = [...clusters.difference(asked)]
        if (unasked.length > 0) client.ask('endpoints', { resource_names_subscribe: unasked })
        for (const name of unasked) asked.add(name)
        return clusters.size >= wanted && got('endpoints').size >= wanted ? performance.now() : undefined
      },
      { what: 'a complete snapshot', withinMs: 60_000, everyMs: 2 },
    )
    if (typeof servedAt !== 'number') continue
    const given = client.answers.filter(({ kind }) => kind === 'endpoints')
    return { at: servedAt, endpoints: given.reduce((sum, answer) => sum + answer.endpointCount(), 0) }
  }
}

async function bareStart(): Promise<number> {
  const port = await freePort()
  const script = `require('node:http').createServer((q, s) => s.end('ok')).listen(${port}, '127.0.0.1')`
  const start = performance.now()
  await using bare = await spawnProcess(process.execPath, ['-e', script], { name: 'bare' })
  await bare.ready('its first answer', 10_000, async (ended) => {
    const response = await fetch(`http://127.0.0.1:${port}`, { signal: ended })
    return response.ok
  })
  return performance.now() - start
}
