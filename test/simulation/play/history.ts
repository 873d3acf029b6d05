import { pino } from 'pino'
import { World } from '../time/world.ts'
import { Cast } from './cast.ts'
import { Faults } from './faults.ts'
import { Broken, Invariants } from './invariants.ts'
import type { Scenario } from './scenario.ts'

/** What became of a history. */
export type Played = {
  readonly scenario: Scenario
  /** What must never happen and has happened. */
  readonly broken: Error | undefined
  /** When, in milliseconds since its beginning. */
  readonly at: number
  readonly steps: number
  readonly revision: number
}

/** How often it is looked whether all has come to rest. */
const restMs = 5_000

/** Hears of what happens, at so many milliseconds since the beginning. */
export type Trace = (at: number, who: string, text: string) => void

/**
 * Plays one history from its beginning to its rest: everybody starts, things go wrong for a while, everything is made good, and then the
 * product has to come to rest by itself.
 */
export async function playScenario(scenario: Scenario, trace?: Trace): Promise<Played> {
  const world = new World(scenario.seed)
  if (trace) world.onNote = (text, process) => trace(world.now, process?.name ?? '', text)
  const log = pino(
    { level: trace ? 'debug' : 'silent', base: {}, timestamp: false },
    { write: (line: string) => tellLog(line, world) },
  )
  const invariants = new Invariants(world)
  const onRejected = (error: unknown) => world.break(error)
  process.on('unhandledRejection', onRejected)
  try {
    const cast = new Cast(world, scenario, invariants, log)
    const faults = new Faults(cast)
    invariants.watch(cast, faults)
    await world.play(scenario.warmMs)
    planFaults(world, scenario, faults)
    const troubledUntil = scenario.warmMs + scenario.troubledMs
    await world.play(troubledUntil)
    faults.heal()
    const quietUntil = troubledUntil + scenario.quietMs
    await world.play(troubledUntil + restMs)
    while (!world.broken) {
      const unrest = [...invariants.unrest()]
      const changes = invariants.changes()
      await world.play(world.now + (unrest.length > 0 ? restMs : scenario.steadyMs))
      if (unrest.length === 0) unrest.push(...invariants.unrest(), ...changes())
      if (unrest.length === 0) break
      if (world.now > quietUntil) world.break(new Broken(`it does not come to rest: ${unrest.join('; ')}`))
    }
  } catch (error) {
    world.break(error)
  } finally {
    process.off('unhandledRejection', onRejected)
  }
  const { broken, brokenAt, now, steps } = world
  const error = broken === undefined ? undefined : broken instanceof Error ? broken : new Error(String(broken))
  return { scenario, broken: error, at: brokenAt ?? now, steps, revision: invariants.oracle.revision }
}

function planFaults(world: World, { faults: kinds, everyMs, troubledMs }: Scenario, faults: Faults): void {
  const { random } = world
  let at = 0
  while (kinds.length > 0) {
    at += -Math.log(1 - random.next()) * everyMs
    if (at >= troubledMs) return
    const kind = random.pick(kinds)
    if (kind) world.after(at, () => faults.begin(kind))
  }
}

function tellLog(line: string, world: World): void {
  const { who = '', msg = '', level: _, ...rest } = JSON.parse(line)
  const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''
  world.note(`${who}: ${msg}${more}`)
}
