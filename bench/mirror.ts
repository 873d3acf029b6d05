import { Agent, request } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import * as z from 'zod/mini'
import type { Operation } from '#control-plane/consul/operation.ts'
import type { Change } from '#control-plane/fleet/event.ts'
import type { FleetView } from '#control-plane/fleet/fleet.ts'
import { batches } from '#control-plane/mirror/batches.ts'
import { MirrorConfig } from '#control-plane/mirror/config.ts'
import { Desired } from '#control-plane/mirror/desired.ts'
import { diff } from '#control-plane/mirror/diff.ts'
import { operationOf } from '#control-plane/mirror/operations.ts'
import { selects } from '#control-plane/mirror/select.ts'
import { startMirror } from '#control-plane/mirror/serve.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { type ConsulServer, startConsul } from '#test/support/consul.ts'
import { FleetBuilder, instanceRegistered, judged, nodeJoined } from '#test/support/fleet-builder.ts'
import { waitFor } from '#test/support/wait.ts'
import { atMost, type BenchResult, exactly, median } from './result.ts'

const owner = 'heddle'
const lanes = 8
const services = 20
const fenceKey = `heddle/${owner}/fence`

/**
 * The whole fleet into two empty Consuls, by the mirror and by a bare loop that sends the same transactions, ready made, with the same
 * number under way over kept-alive connections; in turns, each into Consuls of its own. Then the mirror compares once more.
 *
 *   --rounds 3 --instances 10000
 */
export async function run(args: readonly string[] = []): Promise<BenchResult> {
  const rounds = option(args, '--rounds', 3)
  const instances = option(args, '--instances', 10_000)
  const { fleet } = buildFleet(instances)
  const mirror: MirrorRound[] = []
  const bare: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await withConsuls((consuls) => writeBare(consuls, fleet)))
    mirror.push(await withConsuls((consuls) => writeMirrored(consuls, fleet)))
    const last = mirror.at(-1)
    say(`round ${round + 1}: bare loop ${Math.round(bare.at(-1) ?? 0)} ms, mirror ${Math.round(last?.tookMs ?? 0)} ms`)
  }
  const tookMs = median(mirror.map((round) => round.tookMs))
  const bareMs = median(bare)
  return {
    bench: 'mirror',
    goals: [
      atMost('mirror against the bare loop', tookMs / bareMs, 'times', 1.3),
      exactly('writes of a resync without change', Math.max(...mirror.map((round) => round.resyncWrites)), 'writes', 0),
      exactly('writes of a restart', Math.max(...mirror.map((round) => round.restartWrites)), 'writes', 0),
      atMost('event loop lag, P99', median(mirror.map((round) => round.lagMs)), 'ms', 20),
    ],
    neighbour: { name: 'bare loop over kept-alive connections', tookMs: Math.round(bareMs) },
    figures: {
      instances,
      rounds,
      tookMs: Math.round(tookMs),
      cpuMs: Math.round(median(mirror.map((round) => round.cpuMs))),
      resyncMs: Math.round(median(mirror.map((round) => round.resyncMs))),
      transactions: mirror[0]?.transactions ?? 0,
    },
  }
}

type MirrorRound = {
  readonly tookMs: number
  /** Of this process alone. */
  readonly cpuMs: number
  readonly transactions: number
  readonly lagMs: number
  readonly resyncMs: number
  readonly resyncWrites: number
  readonly restartWrites: number
}

async function writeMirrored(consuls: readonly ConsulServer[], fleet: FleetView): Promise<MirrorRound> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const first = await mirrorOnce(consuls, fleet, async (figures) => {
    const tookMs = performance.now() - startedAt
    const { user, system } = process.cpuUsage(cpu)
    delay.disable()
    const { transactions, writes } = figures()
    const resyncedAt = performance.now()
    await figures.resynced()
    const resyncMs = performance.now() - resyncedAt
    const lagMs = (delay.percentile(99) - 1e6) / 1e6
    const cpuMs = (user + system) / 1000
    return { tookMs, cpuMs, transactions, lagMs, resyncMs, resyncWrites: figures().writes - writes }
  })
  const restartWrites = await mirrorOnce(consuls, fleet, async (figures) => figures().writes)
  return { ...first, restartWrites }
}

type Figures = (() => { readonly writes: number; readonly transactions: number }) & {
  readonly resynced: () => Promise<void>
}

/** Mirrors until both are proven, then does `then`. */
async function mirrorOnce<T>(
  consuls: readonly ConsulServer[],
  fleet: FleetView,
  then: (figures: Figures) => Promise<T>,
): Promise<T> {
  const config = z.parse(MirrorConfig, {
    compare_every: '5s',
    datacenters: consuls.map(({ datacenter, url }) => ({ name: datacenter, address: url, lanes })),
  })
  const log = createLogger({ name: 'bench', level: 'warn' })
  const { signal } = new AbortController()
  const installation = { id: 'bench', owner, run: crypto.randomUUID(), epoch: 1 }
  await using mirror = await startMirror(config, { fleet, log, signal, installation })
  const proven = async (after: number) => {
    for (const sink of mirror.sinks) {
      await waitFor(() => sink.status().proven, {
        what: `${sink.status().name} to follow`,
        withinMs: 120_000,
        everyMs: 20,
        until: (seen) => seen?.revision === fleet.revision && seen.at > after,
      })
    }
  }
  const read = () => ({
    writes: sum(mirror.sinks.map((sink) => sink.status().figures.writes ?? 0)),
    transactions: sum(mirror.sinks.map((sink) => sink.status().figures.transactions ?? 0)),
  })
  await proven(0)
  return await then(Object.assign(read, { resynced: () => proven(Date.now() + 4_000) }))
}

/** Sends what the mirror would send, and nothing else. */
async function writeBare(consuls: readonly ConsulServer[], fleet: FleetView): Promise<number> {
  const bodies = await Promise.all(
    consuls.map(async (consul) => {
      await consul.request('PUT', `/v1/kv/${fenceKey}`, 'bench')
      const [key] = await consul.request<readonly { ModifyIndex: number }[]>('GET', `/v1/kv/${fenceKey}`)
      return transactionsOf(fleet, key?.ModifyIndex ?? 0)
    }),
  )
  const startedAt = performance.now()
  await Promise.all(consuls.map((consul, place) => sendAll(consul, bodies[place] ?? [])))
  return performance.now() - startedAt
}

function transactionsOf(fleet: FleetView, index: number): readonly Buffer[] {
  const desired = new Desired(fleet, { owner, warningAs: 'passing', selects: selects([{}]) })
  desired.refresh({ instances: new Set(fleet.instances.keys()), nodes: new Set() })
  const context = { owner, others: undefined, causeOf: () => undefined, complete: true }
  const writes = [...diff(desired.nodes, new Map(), context)].filter((change) => change.kind === 'put')
  const nodes = [...Map.groupBy(writes, ({ unit }) => unit.node)].map(([node, all]) => ({ node, writes: all }))
  const fence: Operation = { KV: { Verb: 'check-index', Key: fenceKey, Index: index } }
  return [...batches(nodes)].map(({ steps }) => Buffer.from(JSON.stringify([fence, ...steps.map(operationOf)])))
}

async function sendAll(consul: ConsulServer, bodies: readonly Buffer[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: lanes })
  const waiting = bodies.values()
  const lane = async () => {
    for (const body of waiting) await send(`${consul.url}/v1/txn`, body, agent)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  agent.destroy()
}

function send(url: string, body: Buffer, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'PUT', agent, headers: { 'content-length': body.length } }, (response) => {
      response.on('error', reject)
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
      )
      response.resume()
    })
      .on('error', reject)
      .end(body)
  })
}

async function withConsuls<T>(work: (consuls: readonly ConsulServer[]) => Promise<T>): Promise<T> {
  await using zervigo = await startConsul({ datacenter: 'zervigo-dc' })
  await using looma = await startConsul({ datacenter: 'looma-dc' })
  return await work([zervigo, looma])
}

/** One instance a node, as ten thousand Basic Servers are. */
function buildFleet(instances: number): FleetBuilder {
  const builder = new FleetBuilder()
  const changes: Change[] = []
  for (let i = 0; i < instances; i += 1) {
    const node = `n-${i.toString(36).padStart(12, 'a')}`
    const id = `basic-server-${i.toString(16).padStart(8, '0')}`
    const address = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`
    const service = `basic-server-${i % services}`
    const metadata = { version: '1.0', environment: 'production' }
    changes.push(...nodeJoined(node, { address, site: '腾讯' }))
    changes.push(...instanceRegistered(id, node, { service, address, tags: ['zervigo', 'backend', 'go'], metadata }))
    changes.push(judged(id, 'passing'))
  }
  builder.change(...changes)
  return builder
}

function option(args: readonly string[], name: string, otherwise: number): number {
  const place = args.indexOf(name)
  return place < 0 ? otherwise : Number(args[place + 1])
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
