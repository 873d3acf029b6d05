import type { Route, RouteTable } from '../table.ts'
import { normalPath } from './normal-path.ts'
import { changePath, matchPath, type Parts } from './path-match.ts'
import { fulfils, type RoutedRequest } from './request-match.ts'
import { type Side, sideOf } from './side.ts'
import { sidesOf } from './split.ts'

/** What becomes of a request. */
export type Decision =
  /**
   * `target` is what the instance sees: changed path and untouched query. The service is one of `services`; of a route that is split it is
   * the one that `side` says, where that is known.
   */
  | {
      readonly kind: 'routed'
      readonly route: Route
      readonly target: string
      readonly services: readonly string[]
      readonly side: Side | undefined
    }
  /** The route answers by itself: a redirect or an answer. */
  | { readonly kind: 'answered'; readonly route: Route }
  | { readonly kind: 'no-route' }
  /** Its path can be read in two ways. */
  | { readonly kind: 'refused' }

/**
 * The rule of matching that every proxy follows, as a function: tests hold the proxies to it, and people can ask it. docs/routing.md tells
 * it in words.
 */
export function decide(
  { routes, proxy }: Pick<RouteTable, 'routes'> & Partial<Pick<RouteTable, 'proxy'>>,
  request: RoutedRequest,
): Decision {
  const [, before = '', query = ''] = /^([^?]*)(.*)$/s.exec(request.target) ?? []
  const path = normalPath(before)
  if (path === undefined) return { kind: 'refused' }
  for (const route of routes) {
    const parts = matchPath(route.match.path, path)
    if (parts !== undefined && fulfils(route.match, request))
      return taken(route, request, proxy, { path, parts, query })
  }
  return { kind: 'no-route' }
}

type Taken = { readonly path: string; readonly parts: Parts; readonly query: string }

function taken(
  route: Route,
  request: RoutedRequest,
  proxy: RouteTable['proxy'] | undefined,
  { path, parts, query }: Taken,
): Decision {
  const { action, match } = route
  if (action.kind !== 'forward') return { kind: 'answered', route }
  const { split } = action
  const side = split && sideOf(split, request, proxy)
  const services = split && side?.side !== undefined ? [split[side.side]] : sidesOf(action)
  return { kind: 'routed', route, target: changePath(action.path, match.path, path, parts) + query, services, side }
}
