/** By how much y rises for each x: the median of the slopes between any two points, so that a few odd ones do not count. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).flatMap(([otherX, otherY]) => (otherX === x ? [] : [(otherY - y) / (otherX - x)])),
  )
  slopes.sort((a, b) => a - b)
  const middle = slopes.length >>> 1
  const upper = slopes[middle] ?? Number.NaN
  return slopes.length % 2 === 1 ? upper : (upper + (slopes[middle - 1] ?? Number.NaN)) / 2
}
