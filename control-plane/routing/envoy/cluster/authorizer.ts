import type { RouteTable } from '../../table.ts'
import { authorizerCluster } from '../filters/authorizer.ts'
import type { Json } from '../json.ts'

/** Envoy's cluster of the agent beside it that checks tokens; undefined: no route asks it. */
export function toAuthorizerCluster({
  authenticators,
  authorizer,
}: Pick<RouteTable, 'authenticators' | 'authorizer'>): Json | undefined {
  if (!authenticators.some(({ kind }) => kind === 'external')) return undefined
  const [address = '', port] = authorizer.split(':')
  const endpoint = { address: { socket_address: { address, port_value: Number(port) } } }
  return {
    name: authorizerCluster,
    type: 'STATIC',
    connect_timeout: '0.250s',
    load_assignment: { cluster_name: authorizerCluster, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  }
}
