import type { InstanceBelief, NodeBelief } from './belief.ts'

export type NodeStatus = 'active' | 'inactive' | 'maintenance'

/**
 * A node in one word. Losing contact for a moment is not being down; a node whose every instance is in maintenance is so itself; one
 * without an agent is what it was registered as.
 * @param instances those on the node
 */
export function nodeStatus({ contact, spec }: NodeBelief, instances: Iterable<InstanceBelief>): NodeStatus {
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
