import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { temporaryFolder } from '#test/support/folder.ts'
import { MeasuredPlane, needFiles } from './fleet/plane.ts'
import { StartedFleet } from './fleet/start-fleet.ts'
import { atMost, type BenchResult, exactly } from './result.ts'
import { MemoryBound } from './small/memory-bound.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)
const perAgent = 10
const boundBytes = 3.6e9
const changesASecond = 50

/**
 * A plane of `size: small` on its limits: one of the two cores is its own, on the other are its agents and whatever else the host does;
 * 3.6 GB of memory by a control group, where the machine has them. It logs as that size does, into its file.
 *
 *   --agents 1000 --seconds 20 --seed 1
 */
export async function run(args: readonly string[]): Promise<BenchResult> {
  const options = { agents: { type: 'string' }, seconds: { type: 'string' }, seed: { type: 'string' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const agents = Number(values.agents ?? 1_000)
  const seconds = Number(values.seconds ?? 20)
  await needFiles(agents)
  await using folder = await temporaryFolder('small')
  await using plane = await MeasuredPlane.start(folder.path, { size: 'small', logging: { level: 'info' } })
  await using bound = await MemoryBound.on(plane.pid, boundBytes)
  say(
    `${agents} agents with ${perAgent} instances each; memory is ${bound ? 'bounded to 3.6 GB' : 'not bounded: no control group'}`,
  )
  await using fleet = new StartedFleet({
    ...{ url: plane.url, agents, perAgent, services: Math.max(10, agents / 10), seed: Number(values.seed ?? 1) },
  })
  const { allInMs } = await fleet.come(Math.max(2_000, agents * 2))
  await pause(5_000)

  const begun = await plane.usage()
  await plane.lagMs()
  await pause(seconds * 1_000)
  const steady = await plane.usage()
  const steadyLagMs = await plane.lagMs()
  const cpu = (steady.cpuSeconds - begun.cpuSeconds) / seconds
  const changed = await fleet.change(changesASecond, seconds)
  const changeLagMs = await plane.lagMs()
  const end = await plane.usage()
  const logs = await logBytes(join(folder.path, 'logs'))
  return {
    bench: 'small',
    goals: [
      atMost('resident', (end.residentKib * 1.024) / 1_000, 'MB', 900),
      atMost('CPU in steady state', cpu * 100, '% of a core', 50),
      atMost('event-loop lag in steady state, P99', steadyLagMs, 'ms', 20),
      atMost('event-loop lag with changes, P99', changeLagMs, 'ms', 20),
      exactly('changes that were not acknowledged', changed.lost, 'changes', 0),
      atMost('logs', logs / 1e6, 'MB', 60),
    ],
    neighbour: { name: 'none: it is held against its own limits' },
    figures: {
      ...{ agents, instances: agents * perAgent, seconds, changes_a_second: changesASecond, changes: changed.changes },
      all_in_ms: Math.round(allInMs),
      memory_bound: bound ? '3.6 GB by a control group' : 'none',
      memory_bound_reached: bound ? await bound.reached() : 'not known',
      resident_steady_mb: Math.round((steady.residentKib * 1.024) / 1_000),
    },
  }
}

/** All files of the log together. */
async function logBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
