/** Of a histogram: how many were at most so large, by the upper bound of each bucket. */
export type Buckets = ReadonlyMap<number, number>

/**
 * The value below which a share `q` of what a histogram counted lies, within a bucket as if it were spread evenly. Undefined where
 * nothing was counted. What is beyond the largest finite bound counts as that bound.
 */
export function quantile(q: number, buckets: Buckets): number | undefined {
  const steps = [...buckets].filter(([bound]) => !Number.isNaN(bound)).sort(([a], [b]) => a - b)
  const total = steps.at(-1)?.[1] ?? 0
  if (!(total > 0)) return undefined
  const rank = q * total
  let lower = 0
  let below = 0
  for (const [bound, count] of steps) {
    if (count >= rank) {
      if (bound === Number.POSITIVE_INFINITY) return lower
      const inside = count - below
      return inside > 0 ? lower + (bound - lower) * ((rank - below) / inside) : bound
    }
    if (bound !== Number.POSITIVE_INFINITY) lower = bound
    below = Math.max(below, count)
  }
  return lower
}

/** What was counted between two readings; undefined where the histogram began anew, or is another one. */
export function bucketsBetween(before: Buckets, after: Buckets): Buckets | undefined {
  const between = new Map<number, number>()
  for (const [bound, count] of after) {
    const counted = count - (before.get(bound) ?? Number.NaN)
    if (!(counted >= 0)) return undefined
    between.set(bound, counted)
  }
  return between
}
