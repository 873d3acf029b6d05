import type { Random } from '../../../bench/fleet/random.ts'
import type { WorldPlan } from '../world/plan.ts'
import type { World } from '../world/world.ts'

/** What a fault does to the parts of the world, for whoever judges what was seen meanwhile. */
export type Harm = {
  /** Units that are disturbed in any way. */
  readonly hits: readonly string[]
  /** Servers that nobody can use meanwhile, so that they must leave. */
  readonly downs?: readonly string[]
  /** Servers that some can use and others cannot, or not well: they may leave and need not. */
  readonly doubts?: readonly string[]
}

/** A fault that lasts until it is disposed of. */
export type Injected = AsyncDisposable & { readonly harm: Harm }

/** One way in which the world can go wrong. */
export type FaultKind = {
  /** As the schedule and the command line name it. */
  readonly name: string
  /** What it can be done to. */
  readonly targets: (plan: WorldPlan) => readonly string[]
  /** For how long, in seconds, at least and at most; a short run takes the least. */
  readonly seconds: readonly [least: number, most: number]
  /** How often it is drawn, beside others with 1. */
  readonly weight?: number
  /** What it would harm, where that is known beforehand: no other fault that begins while it lasts hits the same. */
  readonly harms: (target: string, plan: WorldPlan) => Harm
  /**
   * Makes it so. Whatever it throws before the world is harmed makes the fault skipped.
   * @param random drawn from the seed and the fault's number, so that a fault that is replayed alone is the same
   */
  readonly inject: (world: World, target: string, random: Random) => Promise<Injected>
}

/** It cannot be done here, and why: the run goes on without it. */
export class CannotInject extends Error {
  override readonly name = 'CannotInject'
}

export function injected(harm: Harm, heal: () => Promise<void>): Injected {
  return { harm, [Symbol.asyncDispose]: heal }
}

/** The servers among units. */
export function serversIn(plan: WorldPlan, units: readonly string[]): readonly string[] {
  return plan.members.filter(({ server }) => units.includes(server)).map(({ server }) => server)
}

export function agentsOf(plan: WorldPlan): readonly string[] {
  return [...plan.members.map(({ agent }) => agent), plan.gatewayAgent]
}
