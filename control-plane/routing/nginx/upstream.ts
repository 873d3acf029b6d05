import type { GatewayFile } from '#shared/protocol/gateway.ts'
import type { Balance } from '../table/service.ts'
import type { Endpoint, Service } from '../table.ts'
import type { Names } from './names.ts'
import { comment } from './quote.ts'
import { socketText } from './socket.ts'

const idleConnections = 64

/** The file of one service: its instances and how requests are spread over them. */
export function serviceFile(service: Service, names: Names): GatewayFile {
  const { name, source, endpoints } = service
  const head = comment(`Written by Heddle; do not edit. Service "${name}", declared at ${source}.`)
  // nginx refuses an upstream without servers; the routes answer 503 themselves.
  const body = endpoints.length === 0 ? '# No instance can be called now.\n' : upstream(service, names)
  return { path: names.serviceFile(name), content: `${head}\n${body}`, source }
}

function upstream(service: Service, names: Names): string {
  const { name, balance, idleTimeoutMs } = service
  const id = names.upstream(name)
  const endpoints = calledEndpoints(service)
  const share = balance === 'random' ? undefined : greatestCommonDivisor(endpoints.map(({ weight }) => weight))
  const servers = endpoints.map((endpoint) => serverLine(endpoint, service, share))
  return `upstream ${id} {
    zone ${id} ${zoneKilobytes(endpoints.length)}k;
${methods[balance]}${servers.join('\n')}
    keepalive ${idleConnections};
    keepalive_timeout ${idleTimeoutMs}ms;
}
`
}

/** How the balances are called here; nginx needs no word for round robin. */
const methods: Readonly<Record<Balance, string>> = {
  round_robin: '',
  least_request: '    least_conn;\n',
  random: '    random;\n',
  ip_hash: '    hash $remote_addr consistent;\n',
}

/** With random and hash nginx knows nobody who stands by: they are called only when the plane knows of no others. */
function calledEndpoints({ balance, endpoints }: Service): readonly Endpoint[] {
  const best = endpoints.filter(({ priority }) => priority === 0)
  // Where all are of the last resort, they are all there is; nginx wants at least one that is not.
  if (best.length === 0) return endpoints.map((endpoint) => ({ ...endpoint, priority: 0 }))
  return balance === 'random' || balance === 'ip_hash' ? best : endpoints
}

/** Whether nginx has somebody to call when none of those can be called that usually are. */
export function hasBackup({ balance, endpoints }: Pick<Service, 'balance' | 'endpoints'>): boolean {
  if (balance === 'random' || balance === 'ip_hash') return false
  return endpoints.some(({ priority }) => priority === 0) && endpoints.some(({ priority }) => priority === 1)
}

/** @param share what weights are counted in; undefined: they do not count, as Envoy's random takes all alike */
function serverLine(endpoint: Endpoint, { ejection, maxConnections }: Service, share: number | undefined): string {
  const weight = share === undefined ? 1 : endpoint.weight / share
  const words = [
    'server',
    socketText(endpoint),
    ...(weight === 1 ? [] : [`weight=${weight}`]),
    ...(maxConnections === undefined ? [] : [`max_conns=${maxConnections}`]),
    ejection
      ? `max_fails=${ejection.failures} fail_timeout=${Math.max(1, Math.ceil(ejection.forMs / 1000))}s`
      : 'max_fails=0',
    // nginx has one level of those who stand by. Farther ones are named, so that none is taken away when the levels change places.
    ...(endpoint.priority === 0 ? [] : [endpoint.priority === 1 ? 'backup' : 'down']),
  ]
  return `    ${words.join(' ')}; ${comment(endpoint.instance)}`
}

/** Workers share what they know of the servers in this much memory: about half a KiB for each. */
function zoneKilobytes(servers: number): number {
  return 64 * Math.ceil((64 + servers * 0.75) / 64)
}

function greatestCommonDivisor(numbers: readonly number[]): number {
  let divisor = 0
  for (const number of numbers) {
    let rest = number
    while (rest !== 0) [divisor, rest] = [rest, divisor % rest]
  }
  return divisor || 1
}
