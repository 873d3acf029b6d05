/**
 * The path without `.`, `..` and doubled slashes, unreserved characters decoded; undefined: refused. Dots with parameters behind them
 * (`..;x`) are dots, since there are servers that take them for such. A part that is empty is one that `..` undoes.
 * @param path as it stands in the request line, percent-encoded ASCII, without a query
 */
export function normalPath(path: string): string | undefined {
  // What these mean differs from server to server, which is how a path gets around a rule.
  if (!path.startsWith('/') || /%(2f|5c|00)/i.test(path)) return undefined
  const parts: string[] = []
  const given = path.split('/').slice(1)
  for (const [index, raw] of given.entries()) {
    const part = decoded(raw)
    const dots = /^\.{1,2}(?=;|$)/.exec(raw)?.[0] ?? (part === '.' || part === '..' ? part : undefined)
    // Escaped dots with parameters: a server might undo the escapes first.
    if (dots === undefined && /^\.{1,2};/.test(part)) return undefined
    if (dots === '..') parts.pop()
    else if (dots === undefined) parts.push(part)
    // What ends in a slash, or in "." or "..", names a folder: the slash stays.
    if (index === given.length - 1 && (dots !== undefined || part === '')) parts.push('')
  }
  const last = parts.at(-1) === '' ? '/' : ''
  const named = parts.filter((part) => part !== '')
  return named.length === 0 ? '/' : `/${named.join('/')}${last}`
}

function decoded(part: string): string {
  return part.replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : encoded
  })
}
