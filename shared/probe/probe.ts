import type { ProbeSpec } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import type { ProbeOptions, ProbeResult } from './attempt.ts'
import { kinds } from './kinds.ts'

export type { ProbeOptions, ProbeResult } from './attempt.ts'
export type { Connection } from './connection.ts'
export type { MayReach } from './judged-lookup.ts'

/**
 * Runs a check once, on a new connection, within the time that it allows. Never rejects: what went wrong is the verdict. It knows
 * no history; rise, fall and everything about time is the caller's.
 */
export function probe<S extends ProbeSpec>(spec: S, options: ProbeOptions = {}): Promise<ProbeResult> {
  // The table pairs each kind with the prober of that kind, which the compiler cannot follow through a union.
  const run = kinds[spec.kind] as ((spec: ProbeSpec, options: ProbeOptions) => Promise<ProbeResult>) | undefined
  if (run) return run(spec, options)
  // Written down by a version that knows more kinds than this one.
  return Promise.resolve({ verdict: { health: 'unknown', reason: reason('no_verdict') }, tookMs: 0 })
}
