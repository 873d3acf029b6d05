/**
 * Bounds between which answers are counted by the time that they took, in milliseconds: alike wherever somebody counts, so that counts can be
 * added up. The first slot is below the first bound, the last one beyond the last.
 */
export const latencyBoundsMs: readonly number[] = [
  ...[1, 2, 3, 5, 7],
  ...[10, 15, 20, 30, 50, 70],
  ...[100, 150, 200, 300, 500, 700],
  ...[1_000, 1_500, 2_000, 3_000, 5_000, 7_000],
  ...[10_000, 15_000, 20_000, 30_000, 60_000],
]

/** How many answers fell into each slot; slots at the end that are empty are left out. */
export type Took = readonly number[]

export const latencySlots = latencyBoundsMs.length + 1

/** The slot of an answer that took so long. */
export function latencySlot(ms: number): number {
  let [low, high] = [0, latencyBoundsMs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ms < (latencyBoundsMs[middle] ?? Number.POSITIVE_INFINITY)) high = middle
    else low = middle + 1
  }
  return low
}

/** Adds so many answers that took so long to what was counted before. */
export function addTook(took: number[], ms: number, count = 1): void {
  const slot = latencySlot(ms)
  while (took.length <= slot) took.push(0)
  took[slot] = (took[slot] ?? 0) + count
}

/** Adds what was counted elsewhere. */
export function addAllTook(took: number[], more: Took): void {
  while (took.length < more.length) took.push(0)
  for (const [slot, count] of more.entries()) took[slot] = (took[slot] ?? 0) + count
}

/**
 * Within how many milliseconds this share of the answers came (0.95: the P95), as near as the bounds tell; undefined: none was counted.
 * @param share more than 0, at most 1
 */
export function percentileMs(took: Took, share: number): number | undefined {
  const all = took.reduce((sum, count) => sum + count, 0)
  if (all === 0) return undefined
  const wanted = share * all
  let before = 0
  for (const [slot, count] of took.entries()) {
    if (count > 0 && before + count >= wanted) {
      const from = latencyBoundsMs[slot - 1] ?? 0
      const to = latencyBoundsMs[slot] ?? from
      return from + (to - from) * Math.max(0, (wanted - before) / count)
    }
    before += count
  }
  return latencyBoundsMs.at(-1)
}
