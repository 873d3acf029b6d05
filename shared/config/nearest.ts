/** The candidate that a misspelt word most likely means; undefined: none is near enough. Case, `-` and `_` do not count. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return nearestFew(word, candidates, 1)[0]
}

/** The candidates that a misspelt word may mean, the nearest first. @param most how many at most */
export function nearestFew(word: string, candidates: readonly string[], most: number): readonly string[] {
  const plain = plainOf(word)
  return candidates
    .map((candidate) => ({ candidate, far: distance(plain, plainOf(candidate)) }))
    .filter(({ candidate, far }) => far <= Math.floor(Math.max(plain.length, candidate.length) / 3))
    .sort((a, b) => a.far - b.far || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, most)
    .map(({ candidate }) => candidate)
}

function plainOf(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '')
}

/** How many letters must be added, taken out, changed, or swapped with their neighbour to make one text the other. */
function distance(from: string, to: string): number {
  let before: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let row = 1; row <= from.length; row += 1) {
    const next = [row]
    for (let at = 1; at <= to.length; at += 1) {
      const same = from[row - 1] === to[at - 1]
      const swapped = row > 1 && at > 1 && from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1]
      next[at] = Math.min(
        (last[at] ?? 0) + 1,
        (next[at - 1] ?? 0) + 1,
        (last[at - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[at - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    before = last
    last = next
  }
  return last[to.length] ?? 0
}
