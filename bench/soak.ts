import { readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import { MeasuredPlane, needFiles } from './fleet/plane.ts'
import { StartedFleet } from './fleet/start-fleet.ts'
import { atMost, type BenchResult, exactly, worst } from './result.ts'
import { type Trend, trend, verdict } from './soak/trend.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
/** Looks at the memory in the time that is measured. */
const looks = 20
/** What is kept of the last fifteen minutes is full then; a shorter run warms up for a third of its time. */
const mostWarmMinutes = 16
/** What the log of the store is cut back to. */
const mostLogMb = 68

/**
 * A plane on one core with a fleet of which a part flaps, leaves, comes back and breaks off, for some time: how its memory, its heap and what it has open grow by
 * the hour, the garbage collected before each look. What a goal is held against is the upper bound of that, with a confidence of 95%.
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
    points.push(await lookAt(plane, join(folder.path, 'plane.db'), (performance.now() - startedAt) / 3_600_000))
    await plane.lagMs()
    const { anonymousMb, heapMb, buffersMb, files, sockets, logMb } = points.at(-1) ?? {}
    say(JSON.stringify({ anonymousMb, heapMb, buffersMb, files, sockets, logMb }))
  }
  const done = await living
  const status = await plane.get<{ readonly instances: { readonly total: number } }>('/v1/status')
  const last = points.at(-1)
  const grown = (of: (look: Look) => number) => trend(points.map((look) => [look.hours, of(look)]))
  const trends = rises.map((rise) => ({ ...rise, trend: grown(rise.of) }))
  return {
    bench: 'soak',
    goals: [
      // What is not shown to stay within its limit, with a confidence of 95%, does not meet it.
      ...trends.map(({ name, unit, limit, trend: { high } }) => atMost(name, high, unit, limit)),
      atMost('write-ahead log', worst(points.map(({ logMb }) => logMb)), 'MB', mostLogMb),
      exactly('instances lost', agents * perAgent - status.instances.total, 'instances', 0),
      atMost('event-loop lag, P99', worst(lags), 'ms', 20),
    ],
    neighbour: { name: 'none: it is compared with itself before' },
    figures: {
      minutes,
      warm_minutes: rounded(warmMinutes),
      agents,
      instances: agents * perAgent,
      ...Object.fromEntries(trends.map(({ key, trend, limit }) => [key, `${said(trend)}: ${verdict(trend, limit)}`])),
      resident_mb: Math.round(last?.residentMb ?? Number.NaN),
      anonymous_mb: Math.round(last?.anonymousMb ?? Number.NaN),
      heap_mb: Math.round(last?.heapMb ?? Number.NaN),
      buffers_mb: Math.round(last?.buffersMb ?? Number.NaN),
      files: last?.files ?? Number.NaN,
      sockets: last?.sockets ?? Number.NaN,
      store_mb: rounded(last?.storeMb ?? Number.NaN),
      revision: await plane.revision(),
      ...done,
    },
  }
}

/** What may rise, and by how much. The store does, by what happens, until it is compacted. */
const rises: readonly {
  readonly key: string
  readonly name: string
  readonly unit: string
  readonly limit: number
  readonly of: (look: Look) => number
}[] = [
  { key: 'anonymous', name: 'anonymous memory', unit: 'MB an hour', limit: 20, of: (look) => look.anonymousMb },
  { key: 'heap', name: 'heap', unit: 'MB an hour', limit: 10, of: (look) => look.heapMb },
  { key: 'buffers', name: 'buffers', unit: 'MB an hour', limit: 10, of: (look) => look.buffersMb },
  { key: 'open_files', name: 'open files', unit: 'an hour', limit: 60, of: (look) => look.files },
  { key: 'open_sockets', name: 'sockets', unit: 'an hour', limit: 60, of: (look) => look.sockets },
]

const rounded = (value: number) => Math.round(value * 10) / 10

function said({ slope, low, high }: Trend): string {
  return `${rounded(slope)} (${rounded(low)} to ${rounded(high)}) an hour`
}

type Look = {
  readonly hours: number
  readonly residentMb: number
  readonly anonymousMb: number
  readonly heapMb: number
  /** What is held outside of the heap. */
  readonly buffersMb: number
  /** Files that are no sockets. */
  readonly files: number
  readonly sockets: number
  readonly logMb: number
  readonly storeMb: number
}

async function lookAt(plane: MeasuredPlane, store: string, hours: number): Promise<Look> {
  const { residentKib, anonymousKib } = await plane.held()
  const mb = (kib: number) => (kib * 1.024) / 1_000
  const files = await openFiles(plane.pid)
  const sockets = files.filter((file) => file.startsWith('socket:')).length
  return {
    hours,
    residentMb: mb(residentKib),
    anonymousMb: mb(anonymousKib),
    heapMb: (await plane.figure('nodejs_heap_size_used_bytes')) / 1e6,
    buffersMb: (await plane.figure('nodejs_external_memory_bytes')) / 1e6,
    files: files.length - sockets,
    sockets,
    logMb: (await stat(`${store}-wal`)).size / 1e6,
    storeMb: (await stat(store)).size / 1e6,
  }
}

/** What each open file of a process is. */
async function openFiles(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`
  // Some are closed while they are looked at.
  return Promise.all((await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => 'closed')))
}
