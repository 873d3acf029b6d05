import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startConsul } from '#test/support/consul.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { missingParts, projectFolder } from '#test/support/parts.ts'
import { spawnProcess } from '#test/support/process.ts'
import { type Answered, Lines, requestOf } from './api/line.ts'
import { type Kind, registrationOf, serviceOf } from './api/mix.ts'
import { askingCore, MeasuredPlane, measuredCore, pin } from './fleet/plane.ts'
import type { Offered } from './ingest/offer.ts'
import { atLeast, atMost, type BenchResult, exactly, percentile } from './result.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
const wanted = 10_000
const connections = 100
/** Seconds of the same before counting begins. */
const warm = 5
const operationsAtOnce = 1_000

type OfKind = { readonly calls: number; readonly failed: number; readonly p50Ms: number; readonly p95Ms: number }
type Called = Offered & {
  readonly byKind: Readonly<Record<Kind, OfKind>>
  readonly lagMs: number
  readonly bytes: number
}

/**
 * A plane on one core with 10,000 instances of clients and 10,000 calls a second: heartbeats, registrations that change something, pages of
 * the list, the cluster's status, discoveries. Beside it a Consul server on one core that is asked for the same registrations and lists, one after the other.
 *
 *   --instances 10000 --rate 10000 --seconds 15 --seed 1
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = {
    instances: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const instances = Number(values.instances ?? 10_000)
  const rate = Number(values.rate ?? wanted)
  const seconds = Number(values.seconds ?? 15)
  const seed = values.seed ?? '1'
  const called = await measurePlane({ instances, rate, seconds, seed })
  const { byKind } = called
  const failed = Object.values(byKind).reduce((sum, each) => sum + each.failed, 0)
  return {
    bench: 'api',
    goals: [
      atLeast('calls answered', called.answeredASecond, 'a second', rate * 0.99),
      exactly('calls that failed', failed, 'calls', 0),
      atMost('heartbeat, P95', byKind.heartbeat.p95Ms, 'ms', 20),
      atMost('register, P95', byKind.register.p95Ms, 'ms', 20),
      atMost('list, a page of 100, P95', byKind.list.p95Ms, 'ms', 20),
      atMost('cluster status, P95', byKind.status.p95Ms, 'ms', 10),
      atMost('discover a service, P95', byKind.discover.p95Ms, 'ms', 20),
      atMost('event-loop lag, P99', called.lagMs, 'ms', 20),
    ],
    neighbour: await measureConsul(instances),
    figures: {
      instances,
      seconds,
      megabytes_a_second: Math.round((called.bytes / 1e6 / (seconds + warm)) * 10) / 10,
      ...Object.fromEntries(Object.entries(byKind).map(([kind, { p50Ms }]) => [`${kind}_p50_ms`, rounded(p50Ms)])),
    },
  }
}

type Wanted = { readonly instances: number; readonly rate: number; readonly seconds: number; readonly seed: string }

async function measurePlane({ instances, rate, seconds, seed }: Wanted): Promise<Called> {
  await using folder = await temporaryFolder('api')
  await using plane = await MeasuredPlane.start(folder.path)
  say(`registering ${instances} instances`)
  const lines = new Lines(plane.port, 1)
  await lines.opened()
  for (let first = 0; first < instances; first += operationsAtOnce) {
    const operations = Array.from({ length: Math.min(operationsAtOnce, instances - first) }, (_, index) => ({
      op: 'register',
      body: registrationOf(first + index, 1),
    }))
    const { status } = await asked(lines, requestOf('POST', '/cluster/batch', { operations }))
    if (status !== 200) throw new Error(`a batch was answered with ${status}`)
  }
  lines.close()
  say(`${rate} calls a second for ${seconds} s`)
  const options = { port: plane.port, clients: instances, connections, rate, seconds, warm, seed }
  const script = join(projectFolder, 'bench/api/calls.ts')
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  await using running = await spawnProcess('taskset', ['-c', askingCore, process.execPath, script, ...flags], {
    name: 'calls',
  })
  const { code } = await running.exited
  if (code !== 0) throw new Error(`the calls failed:\n${running.output}`)
  // JSON has no NaN: what was not measured must meet no goal.
  return JSON.parse(running.output.trim().split('\n').at(-1) ?? '', (_, value) => value ?? Number.NaN)
}

const neighbourCalls = 300

/** The same registrations and a list of one service, one at a time: at our rate it does not keep up. */
async function measureConsul(instances: number): Promise<Record<string, number | string>> {
  if (missingParts(['consul']).length > 0) return { name: 'none: Consul is not ready on this machine' }
  await using consul = await startConsul({ datacenter: 'neighbour' })
  await pin(consul.pid, measuredCore)
  say(`registering ${instances} services in the neighbour`)
  const lines = new Lines(consul.port, 16)
  await lines.opened()
  const register = (index: number, version: number) => {
    const { service_name, instance_id, address, port } = registrationOf(index, version)
    const Service = {
      Service: service_name,
      ID: instance_id,
      Address: address,
      Port: port,
      Meta: { version: `${version}` },
    }
    return requestOf('PUT', '/v1/catalog/register', { Node: `host-${index % 1_000}`, Address: address, Service })
  }
  let next = 0
  const lane = async () => {
    for (let index = next++; index < instances; index = next++) await asked(lines, register(index, 1))
  }
  await Promise.all(Array.from({ length: 16 }, lane))
  const timed = async (request: (index: number) => Buffer) => {
    const took: number[] = []
    for (let index = 0; index < Math.min(neighbourCalls, instances); index += 1) {
      const startedAt = performance.now()
      const { status } = await asked(lines, request(index))
      if (status === 200) took.push(performance.now() - startedAt)
    }
    return rounded(percentile(took, 0.95))
  }
  const result = {
    name: 'Consul 1.8.7 on one core, nothing else to do, one call at a time',
    register_p95_ms: await timed((index) => register(index, 2)),
    list_service_p95_ms: await timed((index) => requestOf('GET', `/v1/health/service/${serviceOf(index)}`)),
    read_one_p95_ms: await timed((index) => requestOf('GET', `/v1/catalog/node/host-${index}`)),
  }
  lines.close()
  return result
}

function asked(lines: Lines, request: Buffer): Promise<Answered> {
  return new Promise((resolve) => lines.ask(request, resolve))
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
