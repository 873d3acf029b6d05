import type { Service } from '../../table.ts'
import { type Json, seconds } from '../json.ts'

/** How instances are chosen, as fields of Envoy's cluster. */
export function balanceFields({ balance, slowStartMs }: Pick<Service, 'balance' | 'slowStartMs'>): Json {
  const slowly =
    slowStartMs === undefined ? undefined : { slow_start_config: { slow_start_window: seconds(slowStartMs) } }
  switch (balance) {
    case 'round_robin':
      return { lb_policy: 'ROUND_ROBIN', ...(slowly && { round_robin_lb_config: slowly }) }
    case 'least_request':
      return { lb_policy: 'LEAST_REQUEST', ...(slowly && { least_request_lb_config: slowly }) }
    case 'random':
      return { lb_policy: 'RANDOM' }
    case 'ip_hash':
      return { lb_policy: 'RING_HASH' }
  }
}
