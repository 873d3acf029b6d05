import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { validateNginx } from '#test/support/nginx.ts'
import { waitFor } from '#test/support/wait.ts'
import { seeded } from '../../bench/fleet/random.ts'
import { CannotInject, type FaultKind, type Injected } from './faults/fault.ts'
import { Clients, clientService } from './load/clients.ts'
import { Counting } from './load/count.ts'
import { sendRequests } from './load/requests.ts'
import { registerForeign } from './observe/foreign.ts'
import { isProven, type PlaneSeen, readPlane } from './observe/planes.ts'
import { comeToRest } from './observe/rest.ts'
import { nginxFolder, readEnvoy, readNginx } from './observe/sinks.ts'
import { watch } from './observe/watch.ts'
import type { Recorder } from './record.ts'
import { type Fault, randomOf } from './schedule.ts'
import { isControl, ports, unitsOf, type WorldPlan } from './world/plan.ts'
import { World } from './world/world.ts'

export type Playing = {
  readonly seed: number
  readonly plan: WorldPlan
  readonly faults: readonly Fault[]
  readonly kinds: readonly FaultKind[]
  readonly folder: string
  readonly recorder: Recorder
  /** How long everything may take to come to rest after faults. */
  readonly restMs: number
  /** For how long nothing may be written then. */
  readonly idleMs: number
  /** Rounds that would begin later are left out. */
  readonly endsMs: number
  readonly onStep: (what: string) => void
}

/** From the beginning of a round to its first fault. */
const leadMs = 500

/** Starts the world, plays the faults round by round, and records what is done and seen. Ends everything. */
export async function play(playing: Playing): Promise<void> {
  const { seed, plan, faults, folder, recorder, restMs, idleMs, endsMs, onStep } = playing
  await using world = await World.start({
    plan,
    folder,
    onStep,
    onEnd: (unit, { code, signal }, words) => {
      onStep(`${unit} ended by itself`)
      recorder.add({ kind: 'ended', unit, how: signal ?? `code ${code}`, words })
    },
  })
  const first = await allVisible(world)
  const instances = first.addresses
  recorder.add({ kind: 'began', seed, ...cast(plan, instances, world) })
  for (const { unit } of plan.consuls) await registerForeign(world, unit)
  const stop = new AbortController()
  const counting = new Counting(recorder)
  const planes = plan.planes.map((plane) => world.url(plane, ports.api))
  const clients = new Clients({ planes, recorder, counting, random: seeded(seed) })
  const members = [...new Set(plan.members.map(({ service }) => service))]
  const working = Promise.all([
    watch({ world, recorder, instances, services: members }, stop.signal),
    clients.run(stop.signal),
    sendRequests('envoy', `${world.url(plan.envoy, ports.proxy)}/api/services/x`, counting, stop.signal),
    sendRequests('nginx', `${world.url(plan.gatewayAgent, ports.proxy)}/api/services/x`, counting, stop.signal),
  ])
  try {
    const rounds = [...new Set(faults.map(({ round }) => round))]
    for (const round of rounds) {
      if (recorder.now() > endsMs) break
      const of = faults.filter((fault) => fault.round === round)
      // Where only some are played again, nothing happens before the first of them.
      const before = Math.min(...of.map(({ begin }) => begin)) - leadMs
      const sooner = of.map((fault) => ({ ...fault, begin: fault.begin - before, end: fault.end - before }))
      await Promise.all(sooner.map((fault) => playFault(fault, world, playing)))
      await clients.quiet()
      const services = [...members, clientService]
      const rest = await comeToRest({ world, round, instances, services, withinMs: restMs, idleMs })
      recorder.add({ kind: 'rest', ...rest })
      onStep(`round ${round}: ${rest.settled ? 'at rest' : 'NOT at rest'} after ${rest.tookMs} ms`)
      await recordRendered(world, recorder)
      world.keepWords()
      clients.changing = true
    }
    recorder.add({ kind: 'journal', gaps: await gapsInJournal(world) })
  } finally {
    await keepJournal(world).catch(() => {})
    stop.abort()
    await working
    counting.end()
  }
}

/** The first state in which every member is routable in every sink. */
function allVisible(world: World): Promise<PlaneSeen> {
  const look = async () => {
    const answers = await Promise.allSettled(world.plan.planes.map((plane) => readPlane(world, plane)))
    const planes = answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value ? [answer.value] : []))
    const [seen] = planes
    if (!seen || !isProven(planes)) throw new Error('the planes do not agree yet')
    const routed = new Set([
      ...Object.keys(await readEnvoy(world, seen.addresses)),
      ...Object.keys(await readNginx(world)),
    ])
    return { seen, count: Object.values(seen.instances).filter(({ routable }) => routable === 'yes').length, routed }
  }
  const { members } = world.plan
  const routed = members.filter(({ service }) => service === members[0]?.service).length
  return waitFor(look, {
    what: 'all members in all sinks',
    withinMs: 60_000,
    everyMs: 200,
    until: (at) => at.count === members.length && at.routed.size === routed,
  }).then(({ seen }) => seen)
}

function cast(plan: WorldPlan, instances: ReadonlyMap<string, string>, world: World) {
  const members = plan.members.map(({ host, server, agent }) => {
    const instance = instances.get(`${world.network.addressOf(host)}:${ports.server}`) ?? ''
    return { server, agent, instance }
  })
  const control = unitsOf(plan).filter((unit) => isControl(plan, unit))
  return { planes: plan.planes, control, routed: [plan.members[0]?.service ?? ''], members }
}

async function playFault(fault: Fault, world: World, { seed, kinds, recorder, onStep }: Playing): Promise<void> {
  const { index, kind, target, begin, end } = fault
  const found = kinds.find(({ name }) => name === kind)
  if (!found) return
  await pause(begin)
  let fine: Injected
  // What ends in order takes its time to do so.
  const at = recorder.now()
  try {
    fine = await found.inject(world, target, randomOf(seed, index))
  } catch (error) {
    const why = error instanceof CannotInject ? error.message : String(error)
    recorder.add({ kind: 'fault-skipped', index, why })
    onStep(`fault ${index} ${kind} ${target} is skipped: ${why}`)
    return
  }
  recorder.add({ kind: 'fault-began', index, fault: kind, target, ...fine.harm }, at)
  onStep(`fault ${index} ${kind} ${target} for ${((end - begin) / 1000).toFixed(1)} s`)
  await pause(end - begin)
  try {
    await fine[Symbol.asyncDispose]()
    recorder.add({ kind: 'fault-healed', index })
  } catch (error) {
    recorder.add({ kind: 'fault-healed', index, error: String(error) })
    onStep(`fault ${index} could not be healed: ${String(error)}`)
  }
}

async function recordRendered(world: World, recorder: Recorder): Promise<void> {
  const nginx = await validateNginx({ prefix: nginxFolder(world) }).catch((error: unknown) => String(error))
  if (typeof nginx !== 'string') recorder.add({ kind: 'rendered', gateway: 'edge-nginx', ...nginx })
  const url = `${world.view(world.plan.envoy, ports.envoyAdmin)}/stats?filter=update_rejected`
  const text = await fetch(url, { signal: AbortSignal.timeout(3_000) }).then((response) => response.text())
  const rejected = text.split('\n').filter((line) => /: [1-9]\d*$/.test(line))
  recorder.add({ kind: 'rendered', gateway: 'edge', accepted: rejected.length === 0, output: rejected.join(', ') })
}

/** The events themselves, for whoever looks for a cause: the newest of them. */
async function keepJournal(world: World): Promise<void> {
  const rows = await world.query('select * from journal order by revision desc limit 20000')
  await writeFile(join(world.folder, 'journal.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** Revisions that the journal leaves out between its first and its last: two that wrote at once would leave some. */
async function gapsInJournal(world: World): Promise<readonly number[]> {
  const rows = await world.query<{ revision: string }>(
    'select revision from (select revision, lag(revision) over (order by revision) as before from journal) as found ' +
      'where before is not null and revision <> before + 1 limit 20',
  )
  return rows.map(({ revision }) => Number(revision))
}
