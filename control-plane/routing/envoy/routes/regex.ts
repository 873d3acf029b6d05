/** A text as a regular expression (RE2) that matches only it. Printable ASCII. */
export function quoted(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_/~ -]/g, '\\$&')
}

/** Texts as one expression, of which one must match. */
export function oneOf(texts: readonly string[]): string {
  return texts.map(quoted).join('|')
}
