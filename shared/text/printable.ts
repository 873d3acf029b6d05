/**
 * What would steer a terminal, or have a line read otherwise than it is: control characters (ESC, C0, DEL, C1), those that turn the direction
 * of writing, other ends of lines, marks of annotations, and halves of characters.
 */
const steering = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufff9-\ufffb]|\p{Cs}/gu
const replacement = '\ufffd'

/** A value whose texts can be shown on a terminal: what would steer it becomes U+FFFD, line ends become spaces. */
export function printable<T>(value: T): T {
  return deep(value) as T
}

function deep(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\r?\n/g, ' ').replace(steering, replacement)
  if (Array.isArray(value)) return value.map(deep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [deep(key), deep(inner)]))
}

/** Colours as ours are written: so many, and nothing longer. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for.
const ours = /(\u001b\[\d{1,2}m|[\n\t])/

/**
 * A text of ours on its way to people, whatever was put into it: lines and tabs stay, and colours where there may be some; everything else
 * that would steer a terminal becomes U+FFFD. The last guard behind `printable`, by which values go before they become part of a text.
 */
export function shown(text: string, colours: boolean): string {
  return text
    .split(ours)
    .map((part, index) =>
      index % 2 === 1 && (colours || part.length === 1) ? part : part.replace(steering, replacement),
    )
    .join('')
}

/** JSON in which nothing steers a terminal, and which reads as the same value. @param space as JSON.stringify takes it */
export function printableJson(value: unknown, space?: number): string {
  const text = JSON.stringify(value, null, space) ?? 'null'
  // What stands between the texts is blanks and line ends of the writer.
  return text.replace(steering, (found) => (found === '\n' ? found : escaped(found)))
}

function escaped(text: string): string {
  return [...Array(text.length).keys()]
    .map((index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
}
