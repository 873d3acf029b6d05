import type { InstanceBelief, NodeBelief } from './belief.ts'

export type NodeStatus = 'active' | 'inactive' | 'maintenance'

/**
 * A node in one word. In maintenance it is by order, whether or not it is heard of, or because every instance on it is. Losing contact
 * for a moment is not being down. One without an agent is what it was registered as.
 * @param instances those on the node
 */
export function nodeStatus({ contact, spec, admission }: NodeBelief, instances: Iterable<InstanceBelief>): NodeStatus {
  if (admission?.state === 'maintenance') return 'maintenance'
  if (contact === 'lost') return 'inactive'
  const said = contact === 'none' ? spec.registered?.status : undefined
  if (said !== undefined && said !== 'active') return said
  return isInMaintenance(instances) ? 'maintenance' : 'active'
}

function isInMaintenance(instances: Iterable<InstanceBelief>): boolean {
  let any = false
  for (const { admission } of instances) {
    if (admission.state !== 'maintenance') return false
    any = true
  }
  return any
}
