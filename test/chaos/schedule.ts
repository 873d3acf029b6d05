import { type Random, seeded } from '../../bench/fleet/random.ts'
import type { FaultKind, Harm } from './faults/fault.ts'
import type { WorldPlan } from './world/plan.ts'

/** One fault, by the clock of its round. */
export type Fault = {
  /** Counted through the whole schedule: by it a fault is replayed. */
  readonly index: number
  readonly round: number
  readonly kind: string
  readonly target: string
  /** Milliseconds since the round began. */
  readonly begin: number
  readonly end: number
}

export type ScheduleOptions = {
  readonly seed: number
  readonly plan: WorldPlan
  readonly kinds: readonly FaultKind[]
  /** Rounds follow each other; after each the world comes to rest and everything is compared. */
  readonly rounds: number
  /** Faults of a round at least and at most. */
  readonly faults: readonly [least: number, most: number]
  /** Faults last as shortly as they can. */
  readonly short?: boolean
}

/** How long a round takes at least with its rest, in ms: enough of them are drawn to fill the time, which ends the run. */
export const roundMs = 30_000

/** The same faults for the same seed, plan and kinds. Faults of a round may overlap; no two of them hit the same unit at once. */
export function schedule({ seed, plan, kinds, rounds, faults, short = false }: ScheduleOptions): readonly Fault[] {
  const random = seeded(seed)
  const [least, most] = faults
  const drawn: Fault[] = []
  for (let round = 0; round < rounds; round += 1) {
    const count = least + Math.floor(random() * (most - least + 1))
    let begin = 500
    const of: Fault[] = []
    for (let tries = 0; of.length < count && tries < 50; tries += 1) {
      const index = drawn.length + of.length
      const fault = draw(random, { index, round, begin, plan, kinds, short })
      if (!fault || of.some((other) => collide(other, fault, plan, kinds))) continue
      of.push(fault)
      // The next one begins while this one lasts, or after it.
      const share = random() < 0.4 ? random() : 1
      begin = Math.round(begin + (fault.end - fault.begin) * share + 500 + random() * (short ? 500 : 4_000))
    }
    drawn.push(...of)
  }
  return drawn
}

/** Randomness of one fault alone, so that it is the same whichever others are played. */
export function randomOf(seed: number, index: number): Random {
  return seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
}

type Drawing = Pick<Fault, 'index' | 'round' | 'begin'> & Pick<ScheduleOptions, 'plan' | 'kinds' | 'short'>

function draw(random: Random, { index, round, begin, plan, kinds, short }: Drawing): Fault | undefined {
  const kind = pickKind(random, kinds)
  const targets = kind?.targets(plan) ?? []
  const target = targets[Math.floor(random() * targets.length)]
  if (!kind || target === undefined) return undefined
  const [least, most] = kind.seconds
  // Drawn in any case, so that a short run and a long one of a seed have the same faults.
  const drawnSeconds = least + random() * (most - least)
  const seconds = short ? least : drawnSeconds
  return { index, round, kind: kind.name, target, begin, end: Math.round(begin + seconds * 1000) }
}

function pickKind(random: Random, kinds: readonly FaultKind[]): FaultKind | undefined {
  const whole = kinds.reduce((sum, { weight = 1 }) => sum + weight, 0)
  let at = random() * whole
  return kinds.find(({ weight = 1 }) => {
    at -= weight
    return at < 0
  })
}

function collide(one: Fault, other: Fault, plan: WorldPlan, kinds: readonly FaultKind[]): boolean {
  if (one.end < other.begin || other.end < one.begin) return false
  const hits = new Set(unitsOf(one, plan, kinds))
  return unitsOf(other, plan, kinds).some((unit) => hits.has(unit))
}

function unitsOf({ kind, target }: Fault, plan: WorldPlan, kinds: readonly FaultKind[]): readonly string[] {
  const harm: Harm | undefined = kinds.find(({ name }) => name === kind)?.harms(target, plan)
  return harm?.hits ?? []
}

/** One line each, for people. */
export function scheduleText(faults: readonly Fault[]): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  return faults
    .map(({ index, round, kind, target, begin, end }) => {
      const at = `round ${round} at ${seconds(begin)} for ${seconds(end - begin)}`
      return `${String(index).padStart(4)}  ${`${kind} ${target}`.padEnd(34)} ${at}`
    })
    .join('\n')
}
