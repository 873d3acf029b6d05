import type { Route, RouteTable } from '../table.ts'
import { normalPath } from './normal-path.ts'
import { changePath, matchPath, type Parts } from './path-match.ts'
import { fulfils, type RoutedRequest } from './request-match.ts'

/** What becomes of a request. */
export type Decision =
  /** `target` is what the instance sees: changed path and untouched query. The service is one of those of the route's choices. */
  | { readonly kind: 'routed'; readonly route: Route; readonly target: string }
  /** The route answers by itself: a redirect or an answer. */
  | { readonly kind: 'answered'; readonly route: Route }
  | { readonly kind: 'no-route' }
  /** Its path can be read in two ways. */
  | { readonly kind: 'refused' }

/**
 * The rule of matching that every proxy follows, as a function: tests hold the proxies to it, and people can ask it. docs/routing.md tells
 * it in words.
 */
export function decide({ routes }: Pick<RouteTable, 'routes'>, request: RoutedRequest): Decision {
  const [, before = '', query = ''] = /^([^?]*)(.*)$/s.exec(request.target) ?? []
  const path = normalPath(before)
  if (path === undefined) return { kind: 'refused' }
  for (const route of routes) {
    const parts = matchPath(route.match.path, path)
    if (parts !== undefined && fulfils(route.match, request)) return taken(route, path, parts, query)
  }
  return { kind: 'no-route' }
}

function taken(route: Route, path: string, parts: Parts, query: string): Decision {
  const { action, match } = route
  if (action.kind !== 'forward') return { kind: 'answered', route }
  return { kind: 'routed', route, target: changePath(action.path, match.path, path, parts) + query }
}
