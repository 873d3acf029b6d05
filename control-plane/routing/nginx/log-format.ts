import type { RouteTable } from '../table.ts'
import type { Names } from './names.ts'
import { value } from './quote.ts'

/** The access log's format: one line of JSON for each request. */
export function logFormat({ gateway }: Pick<RouteTable, 'gateway'>, names: Names): string {
  const v = (purpose: string) => `$${names.variable(purpose)}`
  const fields = {
    time: '$time_iso8601',
    at_s: '$msec',
    gateway: null,
    route: v('route'),
    service: v('service'),
    request_id: v('request_id'),
    client: '$remote_addr',
    client_id: v('client'),
    subject: v('subject'),
    address: '$upstream_addr',
    method: '$request_method',
    host: v('authority'),
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
    const text =
      variable === null ? value(JSON.stringify(gateway), names.variable('dollar')).slice(1, -1) : `\\"${variable}\\"`
    return `    "${index === 0 ? '{' : ','}\\"${name}\\":${text}"`
  })
  return `log_format ${names.logFormat} escape=json\n${lines.join('\n')}\n    "}";`
}
