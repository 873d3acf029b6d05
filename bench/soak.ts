import { readdir } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import { MeasuredPlane, needFiles } from './fleet/plane.ts'
import { StartedFleet } from './fleet/start-fleet.ts'
import { atMost, type BenchResult, exactly, worst } from './result.ts'
import { slope } from './soak/slope.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
/** Looks at the memory in the time that is measured. */
const looks = 20
/** What is kept of the last fifteen minutes is full then; a shorter run warms up for a third of its time. */
const mostWarmMinutes = 16

/**
 * A plane on one core with a fleet of which a part flaps, leaves, comes back and breaks off, for some time: how its memory, its heap and what it has open grow by
 * the hour, the garbage collected before each look.
 *
 *   --minutes 10 --agents 500 --per-agent 4 --lives flapping=0.2,leaving=0.05,herd=0.1 --seed 1
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = {
    minutes: { type: 'string' },
    agents: { type: 'string' },
    'per-agent': { type: 'string' },
    lives: { type: 'string' },
    seed: { type: 'string' },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const minutes = Number(values.minutes ?? 10)
  const agents = Number(values.agents ?? 500)
  const perAgent = Number(values['per-agent'] ?? 4)
  await needFiles(agents)
  await using folder = await temporaryFolder('soak')
  await using plane = await MeasuredPlane.start(folder.path)
  await using fleet = new StartedFleet({
    url: plane.url,
    agents,
    perAgent,
    services: 50,
    seed: Number(values.seed ?? 1),
    lives: values.lives ?? 'flapping=0.2,leaving=0.05,herd=0.1',
  })
  await fleet.come(Math.max(1_000, agents))
  const warmMinutes = Math.min(mostWarmMinutes, minutes / 3)
  say(`${agents} agents for ${minutes} minutes, of which ${warmMinutes.toFixed(1)} are not counted`)
  const living = fleet.live(minutes * 60)
  await pause(warmMinutes * 60_000)
  const points: Look[] = []
  const lags: number[] = []
  const startedAt = performance.now()
  for (let look = 0; look < looks; look += 1) {
    await pause(((minutes - warmMinutes) * 60_000) / looks - 1_000)
    // Before the garbage is collected: that stops everything.
    lags.push(await plane.lagMs())
    points.push(await lookAt(plane, (performance.now() - startedAt) / 3_600_000))
    await plane.lagMs()
  }
  const done = await living
  const status = await plane.get<{ readonly instances: { readonly total: number } }>('/v1/status')
  const last = points.at(-1)
  const grown = (of: (look: Look) => number) => slope(points.map((look) => [look.hours, of(look)]))
  return {
    bench: 'soak',
    goals: [
      atMost(
        'anonymous memory',
        grown(({ anonymousMb }) => anonymousMb),
        'MB an hour',
        20,
      ),
      atMost(
        'heap',
        grown(({ heapMb }) => heapMb),
        'MB an hour',
        10,
      ),
      atMost(
        'open files',
        grown(({ files }) => files),
        'an hour',
        60,
      ),
      exactly('instances lost', agents * perAgent - status.instances.total, 'instances', 0),
      atMost('event-loop lag, P99', worst(lags), 'ms', 20),
    ],
    neighbour: { name: 'none: it is compared with itself before' },
    figures: {
      minutes,
      agents,
      instances: agents * perAgent,
      resident_mb: Math.round(last?.residentMb ?? Number.NaN),
      anonymous_mb: Math.round(last?.anonymousMb ?? Number.NaN),
      heap_mb: Math.round(last?.heapMb ?? Number.NaN),
      files: last?.files ?? Number.NaN,
      revision: await plane.revision(),
      ...done,
    },
  }
}

type Look = {
  readonly hours: number
  readonly residentMb: number
  readonly anonymousMb: number
  readonly heapMb: number
  readonly files: number
}

async function lookAt(plane: MeasuredPlane, hours: number): Promise<Look> {
  const { residentKib, anonymousKib } = await plane.held()
  const mb = (kib: number) => (kib * 1.024) / 1_000
  return {
    hours,
    residentMb: mb(residentKib),
    anonymousMb: mb(anonymousKib),
    heapMb: (await plane.figure('nodejs_heap_size_used_bytes')) / 1e6,
    files: (await readdir(`/proc/${plane.pid}/fd`)).length,
  }
}
