import type { RouteTable } from '../../table.ts'
import { type Json, typed } from '../json.ts'
import { authorizerFilter } from './authorizer.ts'
import { bodySizeFilter } from './body-size.ts'
import { healthFilter } from './health.ts'
import { filterNames } from './names.ts'
import { permissionsFilter } from './permissions.ts'
import { tokenFilter } from './token.ts'

/**
 * The filters of a listener. All of them are there whatever the routes ask, but for the health path asleep until a route speaks to them:
 * routes and listeners do not reach Envoy at the same moment, and a route whose filter is missing would be open.
 */
export function httpFilters(
  { gateway, authenticators, healthPath }: Pick<RouteTable, 'gateway' | 'authenticators' | 'healthPath'>,
  router: Json,
): readonly Json[] {
  return [
    ...(healthPath === undefined ? [] : [healthFilter(healthPath)]),
    asleep(filterNames.cors, 'extensions.filters.http.cors.v3.Cors'),
    bodySizeFilter,
    asleep(filterNames.clientRate, rateLimit, { stat_prefix: 'heddle_client_rate' }),
    asleep(filterNames.routeRate, rateLimit, { stat_prefix: 'heddle_route_rate' }),
    tokenFilter(authenticators),
    permissionsFilter,
    authorizerFilter(gateway),
    { name: filterNames.router, typed_config: router },
  ]
}

const rateLimit = 'extensions.filters.http.local_ratelimit.v3.LocalRateLimit'

function asleep(name: string, type: string, config: Json = {}): Json {
  return { name, disabled: true, typed_config: typed(type, config) }
}
