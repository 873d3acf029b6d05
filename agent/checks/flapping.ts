import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'
import { bounded } from '#shared/probe/words.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason, reasonText } from '#shared/protocol/reason.ts'
import { gravity, sameVerdict, unjudged } from './judge.ts'

/**
 * How a service is treated whose health changes again and again. Each change counts one, which halves in `half_life`. More than
 * `hold_above`: it is held at its worst until less than `release_below` is left, but no longer than `at_most`.
 */
export const FlappingConfig = z
  .strictObject({
    enabled: z._default(z.boolean(), true),
    half_life: z._default(duration(1_000), 120_000),
    /** Two at least: a single blip, there and back, is never held. */
    hold_above: z._default(z.number().check(z.gte(2), z.lte(100)), 8),
    release_below: z._default(z.number().check(z.gte(0.1), z.lte(100)), 3),
    at_most: z._default(duration(1_000), 600_000),
  })
  .check(
    z.refine(({ hold_above, release_below }) => release_below < hold_above, {
      error: 'expected release_below to be less than hold_above',
    }),
  )
export type FlappingConfig = z.infer<typeof FlappingConfig>

export type Damping = {
  readonly halfLifeMs: number
  readonly holdAbove: number
  readonly releaseBelow: number
  readonly mostMs: number
}

export function dampingOf(config: FlappingConfig): Damping | undefined {
  if (!config.enabled) return undefined
  const { half_life, hold_above, release_below, at_most } = config
  return { halfLifeMs: half_life, holdAbove: hold_above, releaseBelow: release_below, mostMs: at_most }
}

/** What is told of an instance, and what that follows from. Times by a monotonic clock, in milliseconds. */
export type Damped = {
  /** What is told. */
  readonly verdict: Verdict
  /** What its checks say. */
  readonly found: Verdict
  /** What its changes have cost it by `at`. */
  readonly penalty: number
  readonly at: number
  readonly hold?: Hold | undefined
}

export type Hold = { readonly since: number; readonly worst: Verdict }

export const undamped: Damped = { verdict: unjudged.verdict, found: unjudged.verdict, penalty: 0, at: 0 }

/**
 * What to tell after the checks have said `found`. To get worse is told at once, held or not; only what is better has to wait until
 * it has been steady for a while. Without damping everything is told.
 */
export function damp(known: Damped, found: Verdict, now: number, damping: Damping | undefined): Damped {
  if (damping === undefined) return { verdict: found, found, penalty: 0, at: now }
  const { holdAbove, releaseBelow, mostMs } = damping
  const flipped = isFlip(known.found, found)
  // Bounded, so that the way back is, too.
  const penalty = Math.min(penaltyAt(known, now, damping) + (flipped ? 1 : 0), 2 * holdAbove)
  const { hold } = known
  if (hold) {
    if (penalty >= releaseBelow && now - hold.since < mostMs) {
      const worst = isWorse(found, hold.worst) ? found : hold.worst
      return { ...held(known.verdict, worst), found, penalty, at: now, hold: { since: hold.since, worst } }
    }
    return { verdict: found, found, penalty: Math.min(penalty, releaseBelow), at: now }
  }
  if (!flipped || penalty <= holdAbove) return { verdict: found, found, penalty, at: now }
  const worst = isWorse(found, known.found) ? found : known.found
  return { ...held(known.verdict, worst), found, penalty, at: now, hold: { since: now, worst } }
}

/**
 * How long an instance that stays as it is may be held at most, in milliseconds; it is looked at with its next check after that.
 */
export function longestHoldMs({ halfLifeMs, holdAbove, releaseBelow, mostMs }: Damping): number {
  return Math.min(mostMs, halfLifeMs * Math.log2((2 * holdAbove) / releaseBelow))
}

function penaltyAt({ penalty, at }: Damped, now: number, { halfLifeMs }: Damping): number {
  return penalty * 2 ** (-Math.max(0, now - at) / halfLifeMs)
}

function isFlip(before: Verdict, after: Verdict): boolean {
  return before.health !== after.health && before.health !== 'unknown' && after.health !== 'unknown'
}

function isWorse(a: Verdict, b: Verdict): boolean {
  return a.health !== 'unknown' && gravity[a.health] > gravity[b.health]
}

/** The verdict of a hold: an equal one stays the same object. */
function held(known: Verdict, { health, reason: why }: Verdict): { readonly verdict: Verdict } {
  const verdict: Verdict = { health, reason: reason('flapping', { word: bounded(reasonText(why), 200) }) }
  return { verdict: sameVerdict(known, verdict) ? known : verdict }
}
