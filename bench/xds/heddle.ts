import { subscribe } from 'node:diagnostics_channel'
import { writeFile } from 'node:fs/promises'
import type { ServerHttp2Stream } from 'node:http2'
import { pino } from 'pino'
import { stringify } from 'yaml'
import * as z from 'zod/mini'
import type { Sink } from '#control-plane/fleet/sink.ts'
import { RoutingConfig } from '#control-plane/routing/config.ts'
import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import { type ResourceKind, resourceKinds } from '#control-plane/routing/envoy/resource.ts'
import { EnvoySink } from '#control-plane/routing/envoy/sink.ts'
import { SnapshotBuilder } from '#control-plane/routing/envoy/snapshot.ts'
import { startRouting } from '#control-plane/routing/start.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { FleetBuilder, instanceRegistered, judged } from '#test/support/fleet-builder.ts'
import { MemoryVersions } from '#test/support/routing/memory-versions.ts'
import { waitFor } from '#test/support/wait.ts'
import { answer, now, serveCommands } from '../worker/commands.ts'
import { gateway, type ServerCommand, type Shape, serviceNames } from './shape.ts'

// Heddle's routing in a process of its own, over a fleet in memory:
//   node heddle.ts <services> <instances of each> <folder> <port for Envoys> <port of their listener>

const [services = '0', perService = '0', folder = '', xdsPort = '0', listenerPort = '0'] = process.argv.slice(2)
const shape: Shape = { services: Number(services), perService: Number(perService) }
const names = serviceNames(shape)

let onWord = () => {}
let listens = false

const world = new FleetBuilder({ complete: false })
world.node('n', { address: '127.0.0.1' })
for (const [index, service] of names.entries()) world.change(...instancesOf(service, index))
world.fleet.markComplete()

const file = `${folder}/routes.yaml`
await writeFile(file, stringify(declaration()))
// Nothing is gathered: the neighbour gathers nothing either.
const config = z.parse(RoutingConfig, { declaration: file, gather: '0s', xds: { port: Number(xdsPort) } })
const stop = new AbortController()
const routing = await startRouting(config, {
  fleet: world.fleet,
  log: pino({ level: 'error' }, pino.destination(2)),
  store: new MemoryVersions(),
  signal: stop.signal,
})
await waitFor(() => routing.tableFor(gateway) !== undefined, { what: 'the table', withinMs: 20_000 })
const [sink] = routing.sinks()
if (!(sink instanceof EnvoySink)) throw new Error('the gateway has no sink')
answer({ port: routing.port })
await serveCommands((command: ServerCommand) => follow(command, sink))
stop.abort()
await routing[Symbol.asyncDispose]()

async function follow(command: ServerCommand, sink: EnvoySink): Promise<object> {
  switch (command.do) {
    case 'change': {
      const { service, endpoint, out, wait } = command
      const instance = idOf(service, endpoint)
      const acceptedAt = now()
      world.change({
        kind: 'admitted',
        instance,
        admission: out ? 'draining' : 'active',
        reason: 'bench',
        expiresAt: undefined,
      })
      if (!wait) return { acceptedAt }
      const { revision } = world.fleet
      const provenAt = await heard(() => (sink.proven?.revision ?? 0) >= revision)
      return { acceptedAt, provenMs: provenAt - acceptedAt }
    }
    case 'first': {
      listen()
      // The last Envoy's end is noticed first.
      const since = await heard(() => figure(sink, 'envoys') > 0)
      return { ms: (await heard(() => figure(sink, 'behind') === 0)) - since }
    }
    case 'write':
      await writeResources(routing.tableFor(gateway))
      return {}
    case 'usage': {
      const { user, system } = process.cpuUsage()
      return { cpuMs: (user + system) / 1000, residentMb: process.memoryUsage.rss() / 1e6 }
    }
  }
}

/** Has words of Envoys that are yet to come heard: only a real one's, since with hundreds of streams this would be part of what is measured. */
function listen(): void {
  if (listens) return
  listens = true
  subscribe('http2.server.stream.start', (message) => {
    const { stream } = message as { readonly stream: ServerHttp2Stream }
    // Others take it in before it is asked what has come of it.
    stream.on('data', () => process.nextTick(() => onWord()))
  })
}

/** Since when something is so that words of Envoys bring about. Looked at once each is taken in: who looks all the time takes Envoy's CPU. */
function heard(isSo: () => boolean): Promise<number> {
  return new Promise((resolve) => {
    onWord = () => {
      if (!isSo()) return
      onWord = () => {}
      resolve(now())
    }
    onWord()
  })
}

function figure(sink: Sink, name: string): number {
  return Number(sink.status().figures?.[name] ?? 0)
}

function instancesOf(service: string, index: number) {
  return Array.from({ length: shape.perService }, (_, place) => {
    const id = idOf(service, place)
    const about = { service, address: `10.${index}.${place >> 8}.${place & 255}`, port: 8080 }
    return [...instanceRegistered(id, 'n', about), judged(id, 'passing')]
  }).flat()
}

function idOf(service: string, place: number): string {
  return `${service}-${String(place).padStart(5, '0')}`
}

function declaration(): object {
  return {
    gateways: { [gateway]: { proxy: 'envoy', listeners: [{ address: '127.0.0.1', port: Number(listenerPort) }] } },
    routes: names.map((service) => ({ name: service, prefix: `/${service}`, service, path: 'keep' })),
  }
}

/** Writes the same bytes that Envoys get for the neighbour to serve; go-control-plane/store.go reads them. */
async function writeResources(table: RouteTable | undefined): Promise<void> {
  if (!table) throw new Error('nothing is published')
  const kindNumbers: Readonly<Partial<Record<ResourceKind, number>>> = {
    cluster: 0,
    endpoints: 1,
    listener: 2,
    routes: 3,
  }
  const { resources } = new SnapshotBuilder(loadEnvoyDefinitions()).build(table)
  const parts: Buffer[] = []
  for (const kind of resourceKinds) {
    const number = kindNumbers[kind]
    if (number === undefined) continue
    for (const { content } of resources[kind].values()) {
      const head = Buffer.alloc(5)
      head.writeUInt8(number)
      head.writeUInt32BE(content.length, 1)
      parts.push(head, content)
    }
  }
  await writeFile(`${folder}/resources`, Buffer.concat(parts))
}
