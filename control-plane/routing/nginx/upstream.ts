import { SocketAddress } from 'node:net'
import type { GatewayFile } from '#shared/protocol/gateway.ts'
import type { Endpoint, Service } from '../table.ts'
import type { Names } from './names.ts'
import { comment } from './quote.ts'

const idleConnections = 64
const ejectAfter = 'max_fails=3 fail_timeout=5s'

/** The file of one service: its instances and how requests are spread over them. */
export function serviceFile(service: Service, names: Names): GatewayFile {
  const { name, source, endpoints } = service
  const head = comment(`Written by Heddle; do not edit. Service "${name}", declared at ${source}.`)
  // nginx refuses an upstream without servers; the routes answer 503 themselves.
  const body = endpoints.length === 0 ? '# No instance can be called now.\n' : upstream(service, names)
  return { path: names.serviceFile(name), content: `${head}\n${body}`, source }
}

function upstream({ name, balance, outlierEjection, idleTimeoutMs, endpoints }: Service, names: Names): string {
  const id = names.upstream(name)
  const share = greatestCommonDivisor(endpoints.map(({ weight }) => weight))
  // Where all are of the last resort, they are all there is; nginx wants at least one that is not.
  const allLast = endpoints.every(({ priority }) => priority === 1)
  const server = (endpoint: Endpoint) => {
    const weight = endpoint.weight / share
    const words = [
      'server',
      socketText(endpoint),
      ...(weight === 1 ? [] : [`weight=${weight}`]),
      outlierEjection ? ejectAfter : 'max_fails=0',
      ...(endpoint.priority === 1 && !allLast ? ['backup'] : []),
    ]
    return `    ${words.join(' ')}; ${comment(endpoint.instance)}`
  }
  return `upstream ${id} {
    zone ${id} ${zoneKilobytes(endpoints.length)}k;
${balance === 'least_request' ? '    least_conn;\n' : ''}${endpoints.map(server).join('\n')}
    keepalive ${idleConnections};
    keepalive_timeout ${idleTimeoutMs}ms;
}
`
}

/** An address and port as nginx writes them. */
export function socketText({ address, port }: { readonly address: string; readonly port: number }): string {
  if (!address.includes(':')) return `${address}:${port}`
  // nginx does not take "::" in the place of a single group; the common form never has it.
  return `[${new SocketAddress({ address, family: 'ipv6' }).address}]:${port}`
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
