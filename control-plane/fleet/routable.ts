import { type Reason, reason } from '#shared/protocol/reason.ts'
import { admissionOf } from './admission.ts'
import type { Health, InstanceBelief, NodeBelief } from './belief.ts'

/** `last`: only when nothing better is left. */
export type Routing = 'yes' | 'last' | 'no'
export type ApiStatus = 'registered' | 'active' | 'inactive' | 'failed'
export type ApiHealth = 'healthy' | 'warning' | 'critical' | 'unknown'

export type Standing = {
  readonly routable: Routing
  /** Why. */
  readonly reason: Reason
  /** How a Consul shows it; absent: not there yet. A routable instance is passing, with its reason in the output. */
  readonly consul: 'passing' | 'critical' | 'absent'
  /** The words of the registry API. */
  readonly status: ApiStatus
  readonly health: ApiHealth
}

const apiHealth: Readonly<Record<Health, ApiHealth>> = {
  passing: 'healthy',
  warning: 'warning',
  critical: 'critical',
  unknown: 'unknown',
}

/**
 * What follows from contact, health and admission: the one place that decides it. First row that fits.
 * @param node the node that the instance is on; undefined where it is not known (then there is no contact)
 */
export function standing(instance: InstanceBelief, node: NodeBelief | undefined): Standing {
  const judged = apiHealth[instance.health]
  // Nearly always nobody has ordered anything.
  if (instance.admission.state !== 'active' || node?.admission) {
    const { state, of } = admissionOf(instance, node)
    if (state !== 'active') {
      const why = of === 'node' ? reason(state, { node: instance.node }) : reason(state)
      return { routable: 'no', reason: why, consul: 'critical', status: 'inactive', health: judged }
    }
  }
  if (instance.health === 'unknown') {
    return { routable: 'no', reason: instance.reason, consul: 'absent', status: 'registered', health: 'unknown' }
  }
  if (instance.death) {
    const why = reason('death_confirmed', { how: instance.death.how })
    return { routable: 'no', reason: why, consul: 'critical', status: 'failed', health: 'critical' }
  }
  if (instance.health === 'critical') {
    return { routable: 'no', reason: instance.reason, consul: 'critical', status: 'failed', health: 'critical' }
  }
  if (instance.silent) {
    return { routable: 'no', reason: reason('silent'), consul: 'critical', status: 'inactive', health: 'unknown' }
  }
  const lost = instance.origin === 'agent' && node?.contact === 'lost'
  if (lost && node.demoted) {
    return { routable: 'last', reason: reason('contact_lost'), consul: 'passing', status: 'active', health: judged }
  }
  return { routable: 'yes', reason: instance.reason, consul: 'passing', status: 'active', health: judged }
}

/** Whether a node's death is confirmed: it has instances, and each of them is confirmed dead while nothing is heard of it. */
export function nodeIsDead(node: NodeBelief, instances: Iterable<InstanceBelief>): boolean {
  if (node.contact !== 'suspect' && node.contact !== 'lost') return false
  let count = 0
  for (const instance of instances) {
    if (!instance.death) return false
    count += 1
  }
  return count > 0
}
