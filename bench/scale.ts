import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import { Lines, requestOf } from './api/line.ts'
import type { Changed } from './fleet/fleet.ts'
import { MeasuredPlane, needFiles } from './fleet/plane.ts'
import { StartedFleet } from './fleet/start-fleet.ts'
import { atMost, type BenchResult, exactly, percentile } from './result.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
/** Of each agent. */
const perAgent = 10
/** Changes a second while their cost is measured: what two hundred services that fail and recover make. */
const changesASecond = 200
const callsOfAKind = 300
/** The last fifteen minutes are kept sample by sample: a short run can only say how it grows. */
const settleMs = 5_000

/** What one size of a fleet comes to. */
type Measured = {
  readonly instances: number
  readonly agents: number
  readonly joinedMs: number
  readonly residentMb: number
  readonly anonymousMb: number
  /** Resident as found, with what V8 has not given back yet. */
  readonly withGarbageMb: number
  /** Seconds of CPU a second, with beats and metrics of all agents. */
  readonly steadyCpu: number
  readonly steadyLagMs: number
  /** CPU of one change, milliseconds: what changes cost beyond the steady state. */
  readonly changeCpuMs: number
  readonly changed: Changed
  readonly changeLagMs: number
  readonly p95Ms: { readonly register: number; readonly list: number; readonly status: number }
}

/**
 * A plane on one core with fleets of three sizes, ten instances to an agent, that beat and measure: what grows with the fleet, and what does
 * not. Each size has a plane of its own, without sinks.
 *
 *   --sizes 1000,10000,100000 --seconds 30 --seed 1
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = { sizes: { type: 'string' }, seconds: { type: 'string' }, seed: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const sizes = (values.sizes ?? '1000,10000,100000').split(',').map(Number)
  const seconds = Number(values.seconds ?? 30)
  const all: Measured[] = []
  for (const size of sizes) all.push(await measure(size, seconds, Number(values.seed ?? 1)))
  const [least] = all
  const most = all.at(-1)
  if (!least || !most) throw new Error('no size was given')
  say(table(all))
  const worst = (kind: keyof Measured['p95Ms']) =>
    percentile(
      all.map(({ p95Ms }) => p95Ms[kind]),
      1,
    )
  return {
    bench: 'scale',
    goals: [
      atMost(`resident with ${most.instances} instances`, most.residentMb, 'MB', 1_000),
      atMost('CPU of a change, against the smallest', most.changeCpuMs / least.changeCpuMs, 'times', 1.5),
      exactly(
        'changes that were not acknowledged',
        all.reduce((sum, { changed }) => sum + changed.lost, 0),
        'changes',
        0,
      ),
      atMost('register, P95', worst('register'), 'ms', 20),
      atMost('list, a page of 100, P95', worst('list'), 'ms', 20),
      atMost('cluster status, P95', worst('status'), 'ms', 10),
      atMost(
        'event-loop lag in steady state, P99',
        percentile(
          all.map(({ steadyLagMs }) => steadyLagMs),
          1,
        ),
        'ms',
        20,
      ),
      atMost(
        'event-loop lag with changes, P99',
        percentile(
          all.map(({ changeLagMs }) => changeLagMs),
          1,
        ),
        'ms',
        20,
      ),
    ],
    neighbour: { name: `itself with ${least.instances} instances`, ...figuresOf(least, '') },
    figures: {
      seconds,
      changes_a_second: changesASecond,
      ...Object.assign({}, ...all.map((each) => figuresOf(each, `at_${each.instances}_`))),
    },
  }
}

async function measure(instances: number, seconds: number, seed: number): Promise<Measured> {
  const agents = Math.ceil(instances / perAgent)
  await needFiles(agents)
  await using folder = await temporaryFolder('scale')
  await using plane = await MeasuredPlane.start(folder.path)
  say(`${agents} agents with ${perAgent} instances each`)
  await using fleet = new StartedFleet({
    url: plane.url,
    agents,
    perAgent,
    services: Math.max(10, instances / 100),
    seed,
  })
  const { allInMs } = await fleet.come(Math.max(2_000, instances / 5))
  await pause(settleMs)

  const begun = await plane.usage()
  await plane.lagMs()
  await pause(seconds * 1_000)
  const steady = await plane.usage()
  const steadyLagMs = await plane.lagMs()
  const steadyCpu = (steady.cpuSeconds - begun.cpuSeconds) / seconds

  // The first changes compile what all later ones run.
  await fleet.change(changesASecond, 3)
  const before = await plane.usage()
  await plane.lagMs()
  const startedAt = performance.now()
  const changed = await fleet.change(changesASecond, seconds)
  const took = (performance.now() - startedAt) / 1_000
  const after = await plane.usage()
  const changeLagMs = await plane.lagMs()
  const changeCpuMs = ((after.cpuSeconds - before.cpuSeconds - steadyCpu * took) * 1_000) / changed.changes
  const p95Ms = await callsOf(plane.port, instances)
  const { residentKib } = await plane.usage()
  const held = await plane.held()
  const mb = (kib: number) => Math.round((kib * 1.024) / 1_000)
  return {
    instances,
    agents,
    joinedMs: allInMs,
    residentMb: mb(held.residentKib),
    anonymousMb: mb(held.anonymousKib),
    withGarbageMb: mb(residentKib),
    steadyCpu,
    steadyLagMs,
    changeCpuMs,
    changed,
    changeLagMs,
    p95Ms,
  }
}

/** Calls of each kind one after the other, while the fleet beats. */
async function callsOf(port: number, instances: number): Promise<Measured['p95Ms']> {
  const lines = new Lines(port, 1)
  await lines.opened()
  const timed = async (request: (index: number) => Buffer) => {
    const took: number[] = []
    for (let index = 0; index < callsOfAKind; index += 1) {
      const startedAt = performance.now()
      const { status } = await new Promise<{ readonly status: number | undefined }>((resolve) =>
        lines.ask(request(index), resolve),
      )
      if (status === 200 || status === 201) took.push(performance.now() - startedAt)
    }
    return percentile(took, 0.95)
  }
  const register = (index: number) =>
    requestOf('POST', '/cluster/register', {
      service_name: 'late',
      service_type: 'basic-server',
      instance_id: `late-${index}`,
      node_id: 'late',
      address: `10.250.${index >> 8}.${index & 255}`,
      port: 8_080,
    })
  // What is registered between two pages costs the second one nothing that grows with the fleet, or should not.
  const page = (index: number) => requestOf('GET', `/cluster/services?limit=100&offset=${(index * 97) % instances}`)
  const result = {
    register: await timed(register),
    list: await timed(page),
    status: await timed(() => requestOf('GET', '/cluster/status')),
  }
  lines.close()
  return result
}

const columns = {
  instances: ({ instances }: Measured) => instances,
  'resident MB': ({ residentMb }: Measured) => residentMb,
  'with garbage MB': ({ withGarbageMb }: Measured) => withGarbageMb,
  'CPU, steady': ({ steadyCpu }: Measured) => rounded(steadyCpu),
  'CPU a change, ms': ({ changeCpuMs }: Measured) => rounded(changeCpuMs),
  'change P95, ms': ({ changed }: Measured) => rounded(changed.p95Ms),
  'register P95': ({ p95Ms }: Measured) => rounded(p95Ms.register),
  'list P95': ({ p95Ms }: Measured) => rounded(p95Ms.list),
  'status P95': ({ p95Ms }: Measured) => rounded(p95Ms.status),
  'lag P99, steady': ({ steadyLagMs }: Measured) => rounded(steadyLagMs),
  'lag P99, changes': ({ changeLagMs }: Measured) => rounded(changeLagMs),
} as const

function table(all: readonly Measured[]): string {
  const names = Object.keys(columns)
  const rows = all.map((each) => Object.values(columns).map((value) => String(value(each))))
  return [names, names.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function figuresOf(each: Measured, prefix: string): Record<string, number> {
  return {
    [`${prefix}resident_mb`]: each.residentMb,
    [`${prefix}anonymous_mb`]: each.anonymousMb,
    [`${prefix}with_garbage_mb`]: each.withGarbageMb,
    [`${prefix}joined_ms`]: Math.round(each.joinedMs),
    [`${prefix}steady_cpu`]: rounded(each.steadyCpu),
    [`${prefix}change_cpu_ms`]: rounded(each.changeCpuMs),
    [`${prefix}change_p95_ms`]: rounded(each.changed.p95Ms),
    [`${prefix}steady_lag_p99_ms`]: rounded(each.steadyLagMs),
    [`${prefix}register_p95_ms`]: rounded(each.p95Ms.register),
    [`${prefix}list_p95_ms`]: rounded(each.p95Ms.list),
    [`${prefix}status_p95_ms`]: rounded(each.p95Ms.status),
  }
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
