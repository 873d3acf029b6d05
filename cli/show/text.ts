// Control characters, and those that turn the direction of writing: names come from others and must not steer the terminal.
const unprintable = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A view whose texts can be shown on a terminal: what would steer it becomes U+FFFD, line ends become spaces. */
export function printable<T>(value: T): T {
  return deep(value) as T
}

function deep(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\r?\n/g, ' ').replace(unprintable, '\ufffd')
  if (Array.isArray(value)) return value.map(deep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [deep(key), deep(inner)]))
}

/** `1 node`, `3 nodes` */
export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}

/** `a, b and c`; long lists are cut: `a, b, c and 7 more` */
export function list(words: readonly string[], most = 8): string {
  if (words.length > most) return `${words.slice(0, most).join(', ')} and ${words.length - most} more`
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
