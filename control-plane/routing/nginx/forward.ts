import type { Forward, Route, RouteTable, Service } from '../table.ts'
import { hiddenHeaderLines, requestHeaderLines } from './headers.ts'
import type { Names } from './names.ts'
import { changedPath } from './path.ts'
import { mostSilenceMs, type Place } from './places.ts'
import { quoted } from './quote.ts'
import { hasBackup } from './upstream.ts'

/** How a request is passed on from a place. */
export function forwardLines(
  { route, index, silenceMs }: Place,
  forward: Forward,
  service: Service,
  names: Names,
): readonly string[] {
  const { retries, timeoutMs, mirror } = forward
  return [
    ...(mirror ? [`mirror ${names.place(`m${index}`)};`] : []),
    `proxy_connect_timeout ${service.connectTimeoutMs}ms;`,
    `proxy_send_timeout ${silenceMs}ms;`,
    `proxy_read_timeout ${silenceMs}ms;`,
    // A request that used up its time is not repeated.
    ...(retries === 0
      ? ['proxy_next_upstream off;']
      : [
          `proxy_next_upstream_tries ${triesOf(retries, service)};`,
          `proxy_next_upstream_timeout ${timeoutMs ?? 0}ms;`,
        ]),
    ...requestHeaderLines(route, names),
    ...hiddenHeaderLines(route),
    ...passLines(route, forward, index, service, names),
  ]
}

/** A level of so many dead instances is passed by one request. */
const mostPassed = 8

/** Where somebody stands by, a request that all of a level refuse gets as far as those: refusals take no time. */
function triesOf(retries: number, service: Service): number {
  const first = service.endpoints.filter(({ priority }) => priority === 0).length
  return hasBackup(service) ? Math.max(retries, Math.min(first, mostPassed)) + 1 : retries + 1
}

function passLines(route: Route, forward: Forward, index: number, service: Service, names: Names): readonly string[] {
  const { variable } = changedPath(forward, route.match.path, index, names)
  const scheme = service.tls ? 'https' : 'http'
  return [
    ...tlsLines(service),
    `proxy_pass ${scheme}://${names.upstream(service.name)}$${variable}$${names.variable('query')};`,
  ]
}

/** An instance has to show the service's name, signed by the service's authority. */
function tlsLines({ tls }: Service): readonly string[] {
  if (!tls) return []
  return [
    'proxy_ssl_server_name on;',
    `proxy_ssl_name ${quoted(tls.name)};`,
    'proxy_ssl_verify on;',
    'proxy_ssl_verify_depth 5;',
    'proxy_ssl_protocols TLSv1.2 TLSv1.3;',
    `proxy_ssl_trusted_certificate ${quoted(tls.ca)};`,
  ]
}

/** The locations that get copies of requests; what they answer nobody sees. */
export function mirrorLocations(
  { routes, services }: Pick<RouteTable, 'routes' | 'services'>,
  names: Names,
): readonly (readonly string[])[] {
  return routes.flatMap((route, index) => {
    const { action } = route
    if (action.kind !== 'forward' || action.mirror === undefined) return []
    const { service: name, percent } = action.mirror
    const service = services.find((each) => each.name === name)
    // What becomes a WebSocket cannot be copied.
    const skipped = [
      `$${names.variable('upgrade')}`,
      ...(percent < 100 ? [`$${names.variable(`m${index}`)} = ""`] : []),
    ]
    const pass =
      service === undefined || service.endpoints.length === 0
        ? ['return 204;']
        : [
            ...skipped.map((condition) => `if (${condition}) { return 204; }`),
            `proxy_connect_timeout ${service.connectTimeoutMs}ms;`,
            `proxy_read_timeout ${action.timeoutMs ?? mostSilenceMs}ms;`,
            'proxy_next_upstream off;',
            ...requestHeaderLines(route, names),
            ...passLines(route, action, index, service, names),
          ]
    return [[`location = ${names.place(`m${index}`)} {`, ...['internal;', ...pass].map((line) => `    ${line}`), '}']]
  })
}
