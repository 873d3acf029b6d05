import { ambiguousPath, noRoute, serving } from '../answers.ts'
import type { Listener, RouteTable } from '../table.ts'
import { accessesOf, accessLocations, subjectLine } from './access.ts'
import { answering, answerLines, usualType } from './answer-text.ts'
import { errorLines } from './errors.ts'
import { mirrorLocations } from './forward.ts'
import { usualHeaderLines } from './headers.ts'
import { clientRateLines } from './limits.ts'
import { routeLocations } from './locations.ts'
import type { Names } from './names.ts'
import { comment, literal, quoted } from './quote.ts'
import { secureLine } from './redirect.ts'
import { socketText } from './socket.ts'
import { listenerGroups, tlsLines } from './tls.ts'
import { trustLines } from './trust.ts'

/**
 * The server blocks of a gateway. They differ in where they listen and what certificate they show; all have the same locations.
 * @param answerHeaders directives for headers of every answer
 */
export function servers(table: RouteTable, answerHeaders: readonly string[], names: Names): readonly string[] {
  const common = [...commonLines(table, answerHeaders, names), '', ...locations(table, names)]
  return listenerGroups(table.listeners).flatMap(({ listeners, shown }) =>
    shown.map(({ hosts, certificates }) => {
      const [first] = listeners
      if (!first) return ''
      const own = [
        ...listeners.map((listener) => listenLine(listener, hosts.length === 0)),
        ...(hosts.length === 0 ? [] : [`server_name ${hosts.map(nameWord).join(' ')};`]),
        ...tlsLines(first, certificates, names),
        ...trustLines(first, table.trustedProxies),
      ]
      return `server {\n${[...own, ...common].map((line) => (line === '' ? '' : `    ${line}`)).join('\n')}\n}`
    }),
  )
}

/** Longer ones do not fit the buckets of nginx's hash tables, whose size only the main file can set; expressions are in none. */
const mostNameLength = 40

function nameWord(host: string): string {
  if (host.length <= mostNameLength) return quoted(host)
  return quoted(host.startsWith('*.') ? `~^.+${literal(host.slice(1))}$` : `~^${literal(host)}$`)
}

function listenLine(listener: Listener, others: boolean): string {
  const { tls, proxyProtocol, name, source } = listener
  const words = [
    `listen ${socketText(listener)}`,
    ...(tls ? ['ssl'] : []),
    ...(tls?.http2 ? ['http2'] : []),
    ...(proxyProtocol ? ['proxy_protocol'] : []),
    ...(others ? ['default_server'] : []),
  ]
  return `${words.join(' ')}; ${comment(`"${name}", declared at ${source}`)}`
}

function commonLines({ logs }: RouteTable, answerHeaders: readonly string[], names: Names): readonly string[] {
  return [
    logs.access === undefined ? 'access_log off;' : `access_log ${quoted(logs.access)} ${names.logFormat};`,
    'server_tokens off;',
    'merge_slashes on;',
    'underscores_in_headers on;',
    'types { }',
    `default_type ${quoted(usualType)};`,
    'charset off;',
    // Each route has its own.
    'client_max_body_size 0;',
    'client_body_buffer_size 128k;',
    'limit_req_status 429;',
    'limit_req_log_level info;',
    '',
    'proxy_http_version 1.1;',
    'proxy_buffering off;',
    'proxy_buffer_size 16k;',
    'proxy_buffers 8 16k;',
    'proxy_busy_buffers_size 32k;',
    'proxy_redirect off;',
    'proxy_intercept_errors off;',
    'proxy_next_upstream error timeout;',
    // An instance must not lead to what only the gateway itself may lead to.
    'proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;',
    `set $${names.variable('turned_away')} "";`,
    subjectLine(names),
    ...usualHeaderLines(names),
    'proxy_hide_header X-Request-Id;',
    ...answerHeaders,
    '',
    ...errorLines(names),
  ]
}

function locations(table: RouteTable, names: Names): readonly string[] {
  const { healthPath, listeners } = table
  const block = (id: string, lines: readonly string[]) => [
    `location = ${names.place(id)} {`,
    ...['internal;', ...lines].map((line) => `    ${line}`),
    '}',
  ]
  const nowhere = answering(
    answerLines(noRoute, names),
    noRoute.status,
    clientRateLines(table, names),
    names.named('none'),
  )
  const secure = listeners.some(({ redirectToHttps }) => redirectToHttps !== undefined)
  const accesses = accessesOf(table)
  return [
    // Every path of a client begins with a slash and ends up here; where it is led, no client gets by itself.
    `location / { rewrite ^ ${names.place(`$${names.variable('place')}`)} last; }`,
    ...block('refused', answerLines(ambiguousPath, names)),
    ...block('none', nowhere.inside),
    ...nowhere.takingOver.map(([name, lines]) => `location ${name} { ${lines.join(' ')} }`),
    ...(healthPath === undefined ? [] : block('health', ['access_log off;', ...answerLines(serving, names)])),
    ...(secure ? block('secure', [secureLine(names)]) : []),
    ...accessLocations(table, accesses, names).flat(),
    ...mirrorLocations(table, names).flat(),
    ...routeLocations(table, accesses, names).flat(),
  ]
}
