/** Fields whose values are never written down, whatever is in them. */
const secretField =
  /secret|token|passw|passphrase|credential|(private|api|access|signing)[-_]?key|authorization|cookie|dsn|csr$/i
/** Texts that are secret wherever they stand. */
const secretTexts: readonly (readonly [RegExp, string])[] = [
  [/hdl[a-z]?\d+\.[A-Za-z0-9_.-]{8,}/g, '[redacted]'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, '[redacted]'],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]*:[^\s/@]*@/gi, '$1[redacted]@'],
]
const mostDepth = 20
const mostCharacters = 4_096

/** What may be written down of a value: without what is secret in it, by the names of its fields and by what texts look like. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactedText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= mostDepth) return '[deep]'
  if (Array.isArray(value)) return value.map((each) => redacted(each, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      redactedText(name),
      secretField.test(name) && each !== null && each !== undefined ? '[redacted]' : redacted(each, depth + 1),
    ]),
  )
}

export function redactedText(text: string): string {
  return secretTexts.reduce((left, [pattern, instead]) => left.replace(pattern, instead), text)
}

/** The same as JSON, cut where it is long; empty for nothing. */
export function redactedJson(value: unknown): string {
  if (value === undefined) return ''
  const text = JSON.stringify(redacted(value)) ?? ''
  if (text.length <= mostCharacters) return text
  return JSON.stringify({ cut: text.length, begins: text.slice(0, mostCharacters / 2) })
}
