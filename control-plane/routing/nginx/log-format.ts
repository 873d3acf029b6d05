import type { RouteTable } from '../table.ts'
import type { Names } from './names.ts'
import { value } from './quote.ts'

/** The access log's format: one line of JSON for each request, in the words that Envoy's has too, with what only nginx knows. */
export function logFormat({ gateway }: Pick<RouteTable, 'gateway'>, names: Names): string {
  const v = (purpose: string) => `$${names.variable(purpose)}`
  const constant = (text: string) => value(JSON.stringify(text), names.variable('dollar')).slice(1, -1)
  const text = (variables: string) => `\\"${variables}\\"`
  const fields = {
    timestamp: text('$time_iso8601'),
    level: constant('info'),
    message: text('$request_method $request_uri'),
    service: text(v('service')),
    request_id: text(v('request_id')),
    user_id: text(v('subject')),
    at_s: text('$msec'),
    gateway: constant(gateway),
    route: text(v('route')),
    client: text('$remote_addr'),
    client_id: text(v('client')),
    address: text('$upstream_addr'),
    method: text('$request_method'),
    host: text(v('authority')),
    path: text('$request_uri'),
    protocol: text('$server_protocol'),
    status: v('status'),
    bytes: '$body_bytes_sent',
    duration_ms: v('duration_ms'),
    user_agent: text('$http_user_agent'),
    upstream_status: text('$upstream_status'),
    upstream_connect_s: text('$upstream_connect_time'),
    upstream_header_s: text('$upstream_header_time'),
    upstream_s: text('$upstream_response_time'),
  }
  const lines = Object.entries(fields).map(
    ([name, written], index) => `    "${index === 0 ? '{' : ','}\\"${name}\\":${written}"`,
  )
  return `${numbers(v)}
log_format ${names.logFormat} escape=json\n${lines.join('\n')}\n    "}";`
}

/** What nginx writes otherwise than JSON has numbers: a status of 000, and seconds as 0.012. */
function numbers(v: (purpose: string) => string): string {
  return `map $status ${v('status')} {
    default $status;
    "~^0" 0;
}
map $request_time ${v('duration_ms')} {
    default 0;
    "~^0\\.0*(\\d+)$" $1;
    "~^(\\d+)\\.(\\d+)$" $1$2;
}`
}
