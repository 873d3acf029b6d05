import type { Route, RouteTable } from '../table.ts'

/** What becomes of a request. */
export type Decision =
  /** `target` is what the instance sees: rewritten path and untouched query. */
  | { readonly kind: 'routed'; readonly route: string; readonly service: string; readonly target: string }
  | { readonly kind: 'no-route' }
  | { readonly kind: 'refused' }

/**
 * The rule of matching that every proxy follows, as a function: tests hold the proxies to it, and people can ask it. docs/routing.md tells
 * it in words.
 * @param target path and query as they stand in the request line, percent-encoded ASCII
 */
export function decide({ routes }: Pick<RouteTable, 'routes'>, target: string): Decision {
  const [, before = '', query = ''] = /^([^?]*)(.*)$/s.exec(target) ?? []
  const path = normalPath(before)
  if (path === undefined) return { kind: 'refused' }
  const route = routes.find(({ prefix }) => matches(prefix, path))
  if (!route) return { kind: 'no-route' }
  return { kind: 'routed', route: route.name, service: route.service, target: rewritten(route, path) + query }
}

/** A prefix takes the path that equals it and all below it, part by part. */
function matches(prefix: string, path: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`)
}

function rewritten({ path: handling, prefix }: Route, path: string): string {
  if (handling === 'keep' || prefix === '/') return path
  const rest = path.slice(prefix.length)
  return rest === '' ? '/' : rest
}

/** The path without `.`, `..` and doubled slashes, unreserved characters decoded; undefined: refused. */
function normalPath(path: string): string | undefined {
  // What these mean differs from server to server, which is how a path gets around a rule.
  if (!path.startsWith('/') || /%(2f|5c|00)/i.test(path)) return undefined
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (encoded, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : encoded
  })
  const parts: string[] = []
  const given = decoded.split('/').slice(1)
  given.forEach((part, index) => {
    const lastOne = index === given.length - 1
    if (part === '..') parts.pop()
    else if (part !== '.' && part !== '') parts.push(part)
    // What ends in a slash, or in "." or "..", names a folder: the slash stays.
    if (lastOne && (part === '' || part === '.' || part === '..')) parts.push('')
  })
  return `/${parts.join('/')}`
}
