import { noRoute } from '../answers.ts'
import type { Route, RouteTable } from '../table.ts'
import { type Json, seconds, typed } from './json.ts'

/** Envoy's route configuration of a gateway, under the gateway's name. */
export function toRouteConfiguration({ gateway, routes }: Pick<RouteTable, 'gateway' | 'routes'>): Json {
  const catchesAll = routes.some(({ prefix }) => prefix === '/')
  return {
    name: gateway,
    virtual_hosts: [
      {
        name: gateway,
        domains: ['*'],
        request_headers_to_add: forwarded,
        routes: [...routes.flatMap(toRoutes), ...(catchesAll ? [] : [nowhere])],
      },
    ],
  }
}

/** Besides x-forwarded-for and x-forwarded-proto, which Envoy adds by itself. */
const forwarded: readonly Json[] = [
  header('x-forwarded-host', '%REQ(:AUTHORITY)%'),
  header('x-forwarded-port', '%DOWNSTREAM_LOCAL_PORT%'),
  header('x-real-ip', '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%'),
]

function header(key: string, value: string): Json {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' }
}

const idempotent = 'GET|HEAD|OPTIONS|PUT|DELETE|TRACE'

/**
 * A route is two of Envoy's if it retries: a request that may have been acted upon must not be sent again, and only the method says so.
 */
function toRoutes(route: Route): readonly Json[] {
  if (route.retries === 0) return [toRoute(route, {}, {})]
  const method = { name: ':method', string_match: { safe_regex: { regex: idempotent } } }
  return [
    toRoute(route, { headers: [method] }, retryPolicy('connect-failure,refused-stream,reset', route)),
    toRoute(route, {}, retryPolicy('connect-failure,refused-stream,reset-before-request', route)),
  ]
}

function toRoute({ name, prefix, path, service, timeoutMs }: Route, match: Json, retry: Json): Json {
  const whole = prefix === '/'
  return {
    name,
    match: { ...(whole ? { prefix } : { path_separated_prefix: prefix }), ...match },
    route: {
      cluster: service,
      timeout: seconds(timeoutMs),
      // prefix_rewrite would make "//x" of "/api/x".
      ...(path === 'strip' && !whole
        ? { regex_rewrite: { pattern: { regex: `^${quoted(prefix)}/?` }, substitution: '/' } }
        : {}),
      ...retry,
    },
    stat_prefix: name,
  }
}

function retryPolicy(retry_on: string, { retries }: Route): Json {
  return {
    retry_policy: {
      retry_on,
      num_retries: retries,
      retry_host_predicate: [
        {
          name: 'envoy.retry_host_predicates.previous_hosts',
          typed_config: typed('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
        },
      ],
      // A dead instance has no request under way, so least_request picks it two times out of three: few attempts would end on it again.
      host_selection_retry_max_attempts: 30,
      retry_back_off: { base_interval: '0.001s', max_interval: '0.010s' },
    },
  }
}

/** A prefix as a regular expression that matches only it. */
function quoted(prefix: string): string {
  return prefix.replaceAll('.', '\\.')
}

const nowhere: Json = {
  name: 'no-route',
  match: { prefix: '/' },
  direct_response: { status: noRoute.status, body: { inline_string: noRoute.body } },
  response_headers_to_add: [header('content-type', noRoute.contentType)],
}
