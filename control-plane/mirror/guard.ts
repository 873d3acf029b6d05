/** How many inferred deletions may be done without an operator. */
export type GuardLimits = {
  readonly windowMs: number
  /** This many always may. */
  readonly least: number
  /** This share of the instances that we have there may, if that is more. */
  readonly share: number
}

/** Inferred deletions that were let through. */
export type Passed = { readonly at: number; readonly count: number }

export type GuardVerdict = {
  readonly pass: boolean
  readonly limit: number
  /** What counts from now on, old ones left out. */
  readonly passed: readonly Passed[]
}

/**
 * Whether `wanted` more inferred deletions may be done now. All or none: when most of a fleet seems to have gone, taking away the
 * first twentieth of it would be wrong too.
 * @param present the instances of ours that are there
 */
export function guard(
  passed: readonly Passed[],
  wanted: number,
  present: number,
  now: number,
  { windowMs, least, share }: GuardLimits,
): GuardVerdict {
  const recent = passed.filter(({ at }) => now - at < windowMs)
  const done = recent.reduce((sum, { count }) => sum + count, 0)
  const limit = Math.max(least, Math.floor((present + done) * share))
  if (wanted === 0) return { pass: true, limit, passed: recent }
  const pass = done + wanted <= limit
  return { pass, limit, passed: pass ? [...recent, { at: now, count: wanted }] : recent }
}
