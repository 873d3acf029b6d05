/** By how much something rises, and between which bounds that lies with a confidence of 95%. */
export type Trend = { readonly slope: number; readonly low: number; readonly high: number }

/** Of a normal distribution, this many deviations to either side hold 95%. */
const deviations = 1.96

/**
 * By how much y rises for each x: the median of the slopes between any two points, so that a few odd ones do not count; its bounds are Sen's,
 * by the variance of Kendall's statistic, and suppose nothing of how the points are spread. NaN for fewer than two points, and infinite bounds
 * where the points are too few to tell.
 */
export function trend(points: readonly (readonly [x: number, y: number])[]): Trend {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).flatMap(([otherX, otherY]) => (otherX === x ? [] : [(otherY - y) / (otherX - x)])),
  )
  if (slopes.length === 0) return { slope: Number.NaN, low: Number.NaN, high: Number.NaN }
  slopes.sort((a, b) => a - b)
  const count = points.length
  const spread = deviations * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18)
  const below = Math.floor((slopes.length - spread) / 2)
  return {
    slope: middle(slopes),
    low: slopes[below - 1] ?? Number.NEGATIVE_INFINITY,
    high: slopes[slopes.length - below] ?? Number.POSITIVE_INFINITY,
  }
}

/** What can be said of a trend: that it is within a limit, that it is beyond, or neither yet. */
export function verdict({ low, high }: Trend, limit: number): 'within' | 'beyond' | 'undecided' {
  if (high <= limit) return 'within'
  return low > limit ? 'beyond' : 'undecided'
}

/** @param sorted at least one value */
function middle(sorted: readonly number[]): number {
  const half = sorted.length >>> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2
}
