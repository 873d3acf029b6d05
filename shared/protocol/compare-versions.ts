/** Which of two versions is the newer one, as semver.org orders them: negative, zero or positive. */
export function compareVersions(a: string, b: string): number {
  const [[numbers, before], [others, otherBefore]] = [partsOf(a), partsOf(b)]
  for (const [index, number] of numbers.entries()) {
    const difference = number - (others[index] ?? 0)
    if (difference !== 0) return difference
  }
  // What comes before a version is older than it.
  if (before.length === 0 || otherBefore.length === 0) return otherBefore.length - before.length
  for (const [index, word] of before.entries()) {
    const other = otherBefore[index]
    if (other === undefined) return 1
    const difference = compareWords(word, other)
    if (difference !== 0) return difference
  }
  return before.length - otherBefore.length
}

function partsOf(version: string): readonly [numbers: readonly number[], before: readonly string[]] {
  const plain = version.split('+', 1)[0] ?? ''
  const dash = plain.indexOf('-')
  const [core, before] = dash === -1 ? [plain, ''] : [plain.slice(0, dash), plain.slice(dash + 1)]
  return [core.split('.').map(Number), before === '' ? [] : before.split('.')]
}

function compareWords(a: string, b: string): number {
  const [isNumber, otherIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber && otherIsNumber) return Number(a) - Number(b)
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
