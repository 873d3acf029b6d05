import type { Match, PathMatch, Route } from '../table.ts'

/**
 * Orders the routes of a gateway so that the first that takes a request answers it: first by host (a whole name, then the longest
 * pattern, then any), then by path (exact; then more parts before fewer, a word before a named part, a template before a prefix), then
 * more conditions before fewer, then by name.
 */
export function moreSpecific(a: Route, b: Route): number {
  return compare(rank(a.match), rank(b.match)) || (a.name < b.name ? -1 : 1)
}

/** Bigger is more specific, place by place. */
function rank({ hosts, clients, path, methods, headers, query }: Match): readonly (number | string)[] {
  const conditions = headers.length + query.length + (methods.length > 0 ? 1 : 0) + (clients.length > 0 ? 1 : 0)
  return [Math.max(0, ...hosts.map(hostRank)), ...pathRank(path), conditions]
}

/** Longer than any host name. */
const wholeName = 1_000

function hostRank(host: string): number {
  return host.startsWith('*.') ? host.length : wholeName + host.length
}

function pathRank({ kind, path }: PathMatch): readonly (number | string)[] {
  const parts = path === '/' ? [] : path.slice(1).split('/')
  const words = parts.map((part) => (part.startsWith('{') ? '0' : '1')).join('')
  return [kind === 'exact' ? 1 : 0, parts.length, words, kind === 'template' ? 1 : 0]
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (const [place, value] of a.entries()) {
    const other = b[place] ?? 0
    if (value !== other) return value > other ? -1 : 1
  }
  return 0
}
