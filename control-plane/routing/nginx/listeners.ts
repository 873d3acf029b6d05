import type { GatewayFile } from '#shared/protocol/gateway.ts'
import { ambiguousPath, instanceFailed, instanceTooSlow, noInstance, noRoute, type OwnAnswer } from '../answers.ts'
import type { Listener, Route, RouteTable, Service } from '../table.ts'
import { type Location, locationsOf } from './locations.ts'
import type { Names } from './names.ts'
import { comment, literal, quoted, value } from './quote.ts'
import { socketText } from './upstream.ts'

const mostBodyBytes = '64m'

/** The file with everything but the services: where the gateway listens, and where each request goes. */
export function listenersFile(table: RouteTable, names: Names): GatewayFile {
  const { gateway, source, listeners, logs } = table
  const head = comment(`Written by Heddle; do not edit. Gateway "${gateway}", declared at ${source}.`)
  const log = logs.access === undefined ? '' : logFormat(gateway, names)
  const parts = listeners.length === 0 ? [head] : [head, maps(names), log, server(table, names)]
  return { path: names.listenersFile, content: `${parts.filter(Boolean).join('\n')}\n`, source }
}

/**
 * Values that each request's directives look up. `path` and `rest` are the path as it came, escapes untouched, whole or
 * without the route's prefix; they are empty where nginx had to tidy the path before it compared it.
 */
function maps(names: Names): string {
  const variable = (purpose: string) => `$${names.variable(purpose)}`
  return `geo ${variable('dollar')} { default "$"; }
map $http_upgrade ${variable('upgrade')} { default ""; "~*^websocket$" websocket; }
map $http_upgrade ${variable('connection')} { default ""; "~*^websocket$" upgrade; }
map $http_host ${variable('host')} { default $http_host; "" $host; }
map $http_x_request_id ${variable('request_id')} { default $request_id; "~^[A-Za-z0-9._:-]{1,128}$" $http_x_request_id; }
map $request_uri ${variable('plain')} { default 1; ${quoted(untidy)} 0; }
map $request_uri ${variable('ambiguous')} { default ""; ${quoted(ambiguous)} 1; }
map ${variable('plain')} ${variable('path')} { default ""; 1 $request_uri; }
map "${variable('plain')}${variable('prefix')} $request_uri" ${variable('rest')} {
    default "";
    ${quoted(String.raw`~^1(\S+) \1(/.*)$`)} $2;
    ${quoted(String.raw`~^1(\S+) \1(\?.*)?$`)} /$2;
}
`
}

/** A doubled slash, a part "." or "..", or a letter, digit, "-", ".", "_" or "~" that is escaped without need. */
const untidy = String.raw`~*^[^?]*(?://|/\.\.?(?:[/?]|$)|%(?:2[de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e))`

/** An escaped slash or backslash. */
const ambiguous = '~*^[^?]*%(?:2f|5c)'

function logFormat(gateway: string, names: Names): string {
  const dollar = names.variable('dollar')
  const fields = {
    time: '$time_iso8601',
    at_s: '$msec',
    gateway: null,
    route: `$${names.variable('route')}`,
    service: `$${names.variable('service')}`,
    request_id: `$${names.variable('request_id')}`,
    client: '$remote_addr',
    address: '$upstream_addr',
    method: '$request_method',
    path: '$request_uri',
    protocol: '$server_protocol',
    status: '$status',
    bytes: '$body_bytes_sent',
    request_s: '$request_time',
    upstream_status: '$upstream_status',
    upstream_connect_s: '$upstream_connect_time',
    upstream_header_s: '$upstream_header_time',
    upstream_s: '$upstream_response_time',
    user_agent: '$http_user_agent',
  }
  const lines = Object.entries(fields).map(([name, variable], index) => {
    const text = variable === null ? value(JSON.stringify(gateway), dollar).slice(1, -1) : `\\"${variable}\\"`
    return `    "${index === 0 ? '{' : ','}\\"${name}\\":${text}"`
  })
  return `log_format ${names.logFormat} escape=json\n${lines.join('\n')}\n    "}";\n`
}

function server(table: RouteTable, names: Names): string {
  const { listeners, logs, routes } = table
  const services = new Map(table.services.map((service) => [service.name, service]))
  const locations = locationsOf(routes).map((location) => locationText(location, services, names))
  const set = (header: string, variable: string) => `    proxy_set_header ${header} ${variable};`
  return `server {
${listeners.map(listenText).join('\n')}
    ${logs.access === undefined ? 'access_log off' : `access_log ${quoted(logs.access)} ${names.logFormat}`};
    server_tokens off;
    default_type ${quoted(noRoute.contentType)};
    underscores_in_headers on;
    client_max_body_size ${mostBodyBytes};
    client_body_buffer_size 128k;
    set $${names.variable('route')} "";
    set $${names.variable('service')} "";
    set $${names.variable('prefix')} "";

    proxy_http_version 1.1;
    proxy_buffering off;
    proxy_buffer_size 16k;
    proxy_buffers 8 16k;
    proxy_busy_buffers_size 32k;
    proxy_redirect off;
    proxy_next_upstream error timeout;
${set('Host', `$${names.variable('host')}`)}
${set('Upgrade', `$${names.variable('upgrade')}`)}
${set('Connection', `$${names.variable('connection')}`)}
${set('X-Forwarded-For', '$proxy_add_x_forwarded_for')}
${set('X-Forwarded-Proto', '$scheme')}
${set('X-Forwarded-Host', `$${names.variable('host')}`)}
${set('X-Forwarded-Port', '$server_port')}
${set('X-Real-IP', '$remote_addr')}
${set('X-Request-Id', `$${names.variable('request_id')}`)}
    proxy_hide_header X-Request-Id;
    add_header X-Request-Id $${names.variable('request_id')} always;

    if ($${names.variable('ambiguous')}) { ${answerText(ambiguousPath, names)} }
    error_page 502 =${instanceFailed.status} @${names.variable('failed')};
    error_page 504 =${instanceTooSlow.status} @${names.variable('too_slow')};
    location @${names.variable('failed')} { ${answerText(instanceFailed, names)} }
    location @${names.variable('too_slow')} { ${answerText(instanceTooSlow, names)} }

${locations.join('\n')}
}`
}

function listenText(listener: Listener): string {
  return `    listen ${socketText(listener)} default_server; ${comment(`"${listener.name}", declared at ${listener.source}`)}`
}

function locationText({ match, path, route }: Location, services: ReadonlyMap<string, Service>, names: Names): string {
  const head = `location ${match === 'exact' ? '= ' : ''}${quoted(path)}`
  if (!route) return `    ${head} { ${answerText(noRoute, names)} }`
  const dollar = names.variable('dollar')
  const service = services.get(route.service)
  const lines = [
    comment(`route "${route.name}", declared at ${route.source}`),
    `set $${names.variable('route')} ${value(route.name, dollar)};`,
    `set $${names.variable('service')} ${value(route.service, dollar)};`,
    ...(service === undefined || service.endpoints.length === 0
      ? [answerText(noInstance, names)]
      : forwarding(match, route, service, names)),
  ]
  return `    ${head} {\n${lines.map((line) => `        ${line}`).join('\n')}\n    }`
}

function forwarding(match: 'exact' | 'below', route: Route, service: Service, names: Names): readonly string[] {
  const { prefix, path, retries, timeoutMs } = route
  const stripped = path === 'strip' && prefix !== '/'
  // A path in its normal form goes on as it came. For any other the variable is empty, and the tidied path goes on.
  const tidied = !stripped
    ? '"(?s)^(.*)$" $1'
    : match === 'exact'
      ? '^ /'
      : `${quoted(`(?s)^${literal(prefix)}(/.*)$`)} $1`
  return [
    `proxy_connect_timeout ${service.connectTimeoutMs}ms;`,
    `proxy_send_timeout ${timeoutMs}ms;`,
    `proxy_read_timeout ${timeoutMs}ms;`,
    // A request that used up its time is not repeated.
    ...(retries === 0
      ? ['proxy_next_upstream off;']
      : [`proxy_next_upstream_tries ${retries + 1};`, `proxy_next_upstream_timeout ${timeoutMs}ms;`]),
    ...(stripped ? [`set $${names.variable('prefix')} ${quoted(prefix)};`] : []),
    `rewrite ${tidied} break;`,
    `proxy_pass http://${names.upstream(service.name)}$${names.variable(stripped ? 'rest' : 'path')};`,
  ]
}

/** Directives that answer without asking anybody. */
function answerText({ status, body }: OwnAnswer, names: Names): string {
  return `return ${status} ${value(body, names.variable('dollar'))};`
}
