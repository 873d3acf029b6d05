import { drainFileVariable } from '#shared/protocol/gateway-names.ts'
import { ambiguousPath, draining, noRoute, serving } from '../answers.ts'
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
import { textWord } from './texts.ts'
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
        ...(first.tls?.http2 === true ? ['http2_max_concurrent_streams 100;'] : []),
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
    // A client that sends or takes nothing for so long is let go. None for a request as a whole: uploads may take as long as they move.
    'client_header_timeout 10s;',
    'client_body_timeout 60s;',
    'send_timeout 60s;',
    'reset_timedout_connection on;',
    'keepalive_timeout 75s;',
    'keepalive_requests 10000;',
    // Lines up to 16 KiB, 64 KiB together.
    'large_client_header_buffers 4 16k;',
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
  const [place, to] = [`$${names.variable('place')}`, `$${names.variable('to')}`]
  const drainFile = `$${names.variable(drainFileVariable)}`
  return [
    // Every path of a client begins with a slash and ends up here; where it is led, no client gets by itself.
    'location / {',
    // It is decided before the path is another one.
    `    set ${to} ${place};`,
    `    if (-f ${drainFile}) { rewrite ^ ${names.place('closing')} last; }`,
    `    rewrite ^ ${names.place(to)} last;`,
    '}',
    // Its answer ends the connection: nginx keeps none that has been through here.
    ...block('closing', ['keepalive_timeout 0;', `rewrite ^ ${names.place(to)} last;`]),
    ...block('refused', answerLines(ambiguousPath, names)),
    ...block('none', nowhere.inside),
    ...nowhere.takingOver.map(([name, lines]) => `location ${name} { ${lines.join(' ')} }`),
    ...(healthPath === undefined ? [] : block('health', healthLines(names))),
    ...(secure ? block('secure', [secureLine(names)]) : []),
    ...accessLocations(table, accesses, names).flat(),
    ...mirrorLocations(table, names).flat(),
    ...routeLocations(table, accesses, names).flat(),
  ]
}

/** What balancers in front are told: while the agent has it drain, that they are to send nothing more. */
function healthLines(names: Names): readonly string[] {
  const { contentType, status, body } = draining
  return [
    'access_log off;',
    `default_type ${quoted(contentType)};`,
    `if (-f $${names.variable(drainFileVariable)}) { return ${status} ${textWord(body, names)}; }`,
    `return ${serving.status} ${textWord(serving.body, names)};`,
  ]
}
