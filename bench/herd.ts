import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import type { CameIn } from './fleet/fleet.ts'
import { MeasuredPlane, needFiles } from './fleet/plane.ts'
import { StartedFleet } from './fleet/start-fleet.ts'
import { usageOf } from './footprint/usage.ts'
import { atMost, type BenchResult, exactly, worst } from './result.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
/** Within which all come back whose connections broke together. */
const herdMs = 1_000
/** How long is waited for what a herd may have left behind: two missed beats and a grace. */
const settleMs = 15_000

/**
 * Ten thousand agents whose connections break at once and who are back within a second, again and again; then the plane dies under
 * them and is started again. How long until it has taken in what all of them say, and whom it took for dead meanwhile.
 *
 *   --agents 10000 --rounds 3 --settle 15 --seed 1 --tls
 *
 * With --tls each agent has a certificate and comes over mutual TLS, going on where its last connection ended as real ones do. All
 * certificates are issued before anything is measured; some keys are shared by many of them.
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = {
    agents: { type: 'string' },
    rounds: { type: 'string' },
    settle: { type: 'string' },
    seed: { type: 'string' },
    tls: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const agents = Number(values.agents ?? 10_000)
  const rounds = Number(values.rounds ?? 3)
  const { tls } = values
  const settle = values.settle === undefined ? settleMs : Number(values.settle) * 1_000
  await needFiles(agents)
  await using folder = await temporaryFolder('herd')
  await using plane = await MeasuredPlane.start(folder.path, {}, { tls })
  const empty = await plane.held()
  await using fleet = new StartedFleet({
    url: plane.url,
    agents,
    perAgent: 1,
    services: 100,
    seed: Number(values.seed ?? 1),
    member: await plane.member(),
  })
  await fleet.ready()
  const joined = await fleet.come(Math.max(1_000, agents / 2))
  say(`all have joined after ${Math.round(joined.allInMs)} ms`)
  await pause(settle)
  const joinedUsage = await plane.usage()
  const joinedRevision = await plane.revision()
  const steadyLagMs = await plane.lagMs()
  await pause(settle)
  const steady = await plane.usage()

  const herds: CameIn[] = []
  const lags: number[] = []
  let [cpuSeconds, fleetCpuSeconds] = [0, 0]
  for (let round = 0; round < rounds; round += 1) {
    await plane.lagMs()
    const before = await plane.usage()
    const fleetBefore = await usageOf(fleet.pid)
    const herd = await fleet.herd(herdMs)
    lags.push(await plane.lagMs())
    const fleetTook = (await usageOf(fleet.pid)).cpuSeconds - fleetBefore.cpuSeconds
    cpuSeconds += (await plane.usage()).cpuSeconds - before.cpuSeconds
    fleetCpuSeconds += fleetTook
    herds.push(herd)
    const busy = Math.round((fleetTook / herd.allInMs) * 100_000)
    say(
      `herd ${round + 1} of ${rounds}: all in after ${Math.round(herd.allInMs)} ms, refused ${JSON.stringify(herd.refused)}; the agents took ${busy}% of their core`,
    )
    await pause(settle)
  }
  const after = await plane.usage()
  const beforeCrash = await plane.revision()
  const coming = fleet.comeBack()
  await plane.crash()
  const back = await coming
  say(`after a crash of the plane: all in after ${Math.round(back.allInMs)} ms`)
  await pause(settle)
  const connected = await plane.held()

  const events = await plane.events(joinedRevision)
  const count = (kinds: readonly string[]) => events.filter(({ kind }) => kinds.includes(kind)).length
  const status = await plane.get<{ readonly instances: { readonly total: number; readonly routable: number } }>(
    '/v1/status',
  )
  await fleet.leave()
  await pause(settle)
  const alone = await plane.held()
  const kb = (kib: number) => (kib * 1.024) / agents
  return {
    bench: tls ? 'herd --tls' : 'herd',
    goals: [
      atMost('all in after a herd', worst(herds.map(({ allInMs }) => allInMs)), 'ms', tls ? 20_000 : 5_000),
      exactly('false downs', count(['death-confirmed', 'deregistered', 'node-left', 'judged']), 'events', 0),
      exactly('instances that are not routable afterwards', agents - status.instances.routable, 'instances', 0),
      atMost('memory of a connection', kb(connected.anonymousKib - alone.anonymousKib), 'KB', tls ? 80 : 20),
      atMost('event-loop lag in a herd, P99', worst(lags), 'ms', 20),
    ],
    neighbour: {
      name: 'the same agents coming for the first time, at an even rate',
      all_in_ms: Math.round(joined.allInMs),
      refused: JSON.stringify(joined.refused),
    },
    figures: {
      agents,
      rounds,
      all_in_p50_ms: Math.round(worst(herds.map(({ p50Ms }) => p50Ms))),
      refused_for_now: herds.reduce((sum, { refused }) => sum + Object.values(refused).reduce((a, b) => a + b, 0), 0),
      cpu_ms_each: round3((cpuSeconds * 1_000) / (agents * rounds)),
      agents_cpu_ms_each: round3((fleetCpuSeconds * 1_000) / (agents * rounds)),
      agents_share_of_their_core: round3(
        (fleetCpuSeconds * 1_000) / herds.reduce((sum, { allInMs }) => sum + allInMs, 0),
      ),
      after_crash_all_in_ms: Math.round(back.allInMs),
      suspected: count(['contact-changed']),
      holds: count(['hold-begun']),
      steady_lag_p99_ms: round3(steadyLagMs),
      steady_cpu: round3((steady.cpuSeconds - joinedUsage.cpuSeconds) / (settle / 1_000)),
      with_all_known_of_a_node_kb: round3(kb(connected.anonymousKib - empty.anonymousKib)),
      with_garbage_kb: round3(kb(after.anonymousKib - empty.anonymousKib)),
      resident_mb: Math.round((after.residentKib * 1.024) / 1_000),
      before_crash_revision: beforeCrash,
    },
  }
}

function round3(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
