import type { Route } from '../../table.ts'
import { type Json, typed } from '../json.ts'
import { filterNames } from './names.ts'

const composite = 'extensions.filters.http.composite.v3'

/** Envoy's own filter for the length of bodies takes no words from a route, so it is made anew for each request by one that does. */
export const bodySizeFilter: Json = {
  name: filterNames.bodySize,
  disabled: true,
  typed_config: typed(`${composite}.Composite`),
}

/** What a route says of the length of a body, whether that is told beforehand or not. Nothing is buffered for it. */
export function bodySizeOfRoute(maxBodyBytes: number): Json {
  const limit = typed('extensions.filters.http.body_size_limit.v3.BodySizeLimit', { max_request_bytes: maxBodyBytes })
  const filter = { name: 'envoy.filters.http.body_size_limit', typed_config: limit }
  const action = { name: 'limit', typed_config: typed(`${composite}.ExecuteFilterAction`, { typed_config: filter }) }
  return typed(`${composite}.CompositePerRoute`, { matcher: { on_no_match: { action } } })
}

/** The length that most routes allow: it is said once for all of them. */
export function usualBodySize(routes: readonly Pick<Route, 'policy'>[]): number | undefined {
  const counts = new Map<number, number>()
  for (const { policy } of routes) counts.set(policy.maxBodyBytes, (counts.get(policy.maxBodyBytes) ?? 0) + 1)
  return [...counts].sort(([a, often], [b, more]) => more - often || a - b)[0]?.[0]
}

/** What a route of Heddle's own says: how long a body is does not matter to its answer. */
export const anyBodySize: Json = { [filterNames.bodySize]: typed('config.route.v3.FilterConfig', { disabled: true }) }
