import { ambiguousPath, noRoute, noSuchMethod } from '../answers.ts'
import type { RouteTable } from '../table.ts'
import { anyBodySize, bodySizeOfRoute, usualBodySize } from './filters/body-size.ts'
import { filterNames } from './filters/names.ts'
import { rateFilters } from './filters/rate-limit.ts'
import { comparedHeaders, firstValueHeader, setHeader, toHttpsHeader } from './headers.ts'
import type { Json } from './json.ts'
import { repeatableBytes } from './limits.ts'
import { answerFields } from './routes/answer.ts'
import { envoyRoutes } from './routes/route.ts'
import { toHttps } from './routes/to-https.ts'
import { virtualHosts } from './routes/virtual-hosts.ts'

/** The parts of a table that routes are made of. */
export type RoutesOf = Pick<RouteTable, 'gateway' | 'routes' | 'listeners' | 'clients' | 'authenticators'>

/**
 * Envoy's route configuration of a gateway, under the gateway's name; all its listeners share it. The virtual host for any name has the
 * gateway's name, others have it before their first name: `edge/api.example.com`.
 */
export function toRouteConfiguration(table: RoutesOf): Json {
  const { gateway, routes, listeners, clients } = table
  const first = toHttps(listeners)
  const internal = [...(first.length === 0 ? [] : [toHttpsHeader]), ...comparedHeaders(routes).map(firstValueHeader)]
  const usualSize = usualBodySize(routes)
  const filters = {
    ...(usualSize === undefined ? {} : { [filterNames.bodySize]: bodySizeOfRoute(usualSize) }),
    ...rateFilters(clients, routes),
  }
  return {
    name: gateway,
    // A name takes a request whatever port stands behind it.
    ignore_port_in_host_matching: true,
    max_direct_response_body_size_bytes: longestAnswer,
    ...(Object.keys(filters).length === 0 ? {} : { typed_per_filter_config: filters }),
    virtual_hosts: virtualHosts(routes).map(({ domains, routes: taking }) => ({
      name: domains[0] === '*' ? gateway : `${gateway}/${domains[0]}`,
      domains,
      request_headers_to_add: forwarded,
      request_body_buffer_limit: repeatableBytes,
      ...(internal.length === 0 ? {} : { request_headers_to_remove: internal }),
      routes: [noTrace, noDots, ...first, ...taking.flatMap((route) => envoyRoutes(route, table, usualSize)), nowhere],
    })),
  }
}

/** Bytes; more than any answer that can be declared. */
const longestAnswer = 32_768

/** Besides x-forwarded-for and x-forwarded-proto, which Envoy adds by itself. */
const forwarded: readonly Json[] = [
  setHeader('x-forwarded-host', '%REQ(:AUTHORITY)%'),
  setHeader('x-forwarded-port', '%DOWNSTREAM_LOCAL_PORT%'),
  setHeader('x-real-ip', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'),
]

const nowhere: Json = {
  name: 'no-route',
  match: { prefix: '/' },
  ...answerFields(noRoute),
  typed_per_filter_config: anyBodySize,
}

/** Escaped dots with parameters, which Envoy has only unescaped: to some servers they lead upwards. */
const noDots: Json = {
  name: 'no-dots',
  match: { safe_regex: { regex: String.raw`\C*/\.{1,2};\C*` } },
  ...answerFields(ambiguousPath),
  typed_per_filter_config: anyBodySize,
}

/** It would have an instance repeat what it was sent, tokens and all. */
const noTrace: Json = {
  name: 'no-trace',
  match: { prefix: '/', headers: [{ name: ':method', string_match: { exact: 'TRACE' } }] },
  ...answerFields(noSuchMethod),
  typed_per_filter_config: anyBodySize,
}
