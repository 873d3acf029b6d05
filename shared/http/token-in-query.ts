const names =
  /(^|&)(access_?token|auth_?token|token|api_?key|apikey|authorization|secret|password|client_secret)=|hdl[a-z]?\d(\.|%2e)/i

/** Whether what follows the `?` of an address holds what looks like a token: addresses are written into logs on the way. */
export function holdsToken(query: string): boolean {
  if (query === '') return false
  return names.test(query) || (query.includes('%') && names.test(decoded(query)))
}

/** Whether the address of a request does. */
export function urlHoldsToken(url: string | undefined): boolean {
  const at = url?.indexOf('?') ?? -1
  return url !== undefined && at >= 0 && holdsToken(url.slice(at + 1))
}

/** As it is meant where it is well written; names may be written with any characters escaped. */
function decoded(query: string): string {
  return query.replace(/%[0-9a-f]{2}/gi, (byte) => String.fromCharCode(Number.parseInt(byte.slice(1), 16)))
}
