import type { Metric } from '#shared/protocol/messages.ts'

type Unit = Metric['unit']

/** In what a number is told, and what it is called then. */
export type Measure = {
  readonly unit: Unit
  /** What the page's number is multiplied by. */
  readonly factor: number
  /** The name; without the page's own unit, where the number is converted. */
  readonly name: string
}

const kilo = 1024
const units: ReadonlyMap<string, readonly [Unit, number]> = new Map([
  ...words('ns nanos nanoseconds', 'ms', 1e-6),
  ...words('us micros microseconds', 'ms', 1e-3),
  ...words('ms millis milliseconds', 'ms', 1),
  ...words('sec secs seconds', 'ms', 1e3),
  ...words('minutes', 'ms', 6e4),
  ...words('hours', 'ms', 3.6e6),
  ...words('byte bytes', 'bytes', 1),
  ...words('kb kib kilobytes', 'bytes', kilo),
  ...words('mb mib megabytes', 'bytes', kilo ** 2),
  ...words('gb gib gigabytes', 'bytes', kilo ** 3),
  ...words('percent percentage pct', 'percent', 1),
  ...words('ratio', 'percent', 100),
])

/** Words after a unit that say which statistic of it this is. */
const statistic = /^(p\d+|total|sum|mean|avg|average|median|min|max|last|current|value|stddev)$/

/** The unit of a number by the end of its name; `usage` anywhere means percent, everything else is a count. */
export function measureOf(name: string): Measure {
  const words = wordsOf(name)
  const last = words.findLastIndex(({ text }) => !statistic.test(text))
  const word = words[last]
  const known = word && words[last - 1]?.text !== 'per' ? units.get(word.text) : undefined
  if (!word || !known) {
    return { unit: words.some(({ text }) => text === 'usage') ? 'percent' : 'count', factor: 1, name }
  }
  const [unit, factor] = known
  if (factor === 1) return { unit, factor, name }
  const without = `${name.slice(0, word.from).replace(/[_.-]$/, '')}${name.slice(word.to)}`
  return { unit, factor, name: without.replace(/^[_.-]/, '') || name }
}

const bounds: Readonly<Record<Unit, readonly [number, number]>> = {
  // Of all processors together.
  percent: [0, 100_000],
  // 31 years; a time of day in milliseconds is more.
  ms: [-1e12, 1e12],
  bytes: [0, 2 ** 60],
  count: [-1e15, 1e15],
}

/** Why a value cannot be told; undefined if it can. */
export function faultOf(value: number, unit: Unit): 'not_finite' | 'out_of_bounds' | undefined {
  if (!Number.isFinite(value)) return 'not_finite'
  const [least, most] = bounds[unit]
  return value < least || value > most ? 'out_of_bounds' : undefined
}

type Word = { readonly text: string; readonly from: number; readonly to: number }

/** The words of a name in small letters: parted by anything but letters and digits, or by a capital. */
function wordsOf(name: string): readonly Word[] {
  return Array.from(name.matchAll(/[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]/g), (match) => ({
    text: match[0].toLowerCase(),
    from: match.index,
    to: match.index + match[0].length,
  }))
}

function words(list: string, unit: Unit, factor: number): [string, readonly [Unit, number]][] {
  return list.split(' ').map((word) => [word, [unit, factor]])
}
