import type { InstanceBelief, NodeBelief } from './belief.ts'
import { type Change, subjectOf } from './event.ts'
import type { FleetView } from './view.ts'

/** Whose a node is: as its certificate says, else as an operator does. Undefined: nobody's. */
export function tenantOfNode(node: Pick<NodeBelief, 'spec' | 'assigned'> | undefined): string | undefined {
  return node?.spec.tenant ?? node?.assigned
}

/** Whose an instance is: that of the token by which a client registered it, else its node's. Undefined: nobody's. */
export function tenantOfInstance(
  { origin, tenant }: Pick<InstanceBelief, 'origin' | 'tenant'>,
  node: Pick<NodeBelief, 'spec' | 'assigned'> | undefined,
): string | undefined {
  return (origin === 'client' ? tenant : undefined) ?? tenantOfNode(node)
}

/** Whether who is bound to a tenant may know of something. Who is bound to none may know of everything. */
export function isVisible(caller: string | undefined, owner: string | undefined): boolean {
  return caller === undefined || caller === owner
}

/** Whose the subject of a change is, as it is taken. Undefined: nobody's, or it concerns the installation. */
export function ownerOf(change: Change, fleet: Pick<FleetView, 'nodes' | 'instances'>): string | undefined {
  if (change.kind === 'node-joined') return change.node.tenant ?? tenantOfNode(fleet.nodes.get(change.node.id))
  const subject = subjectOf(change)
  if (subject.kind === 'node' || subject.kind === 'orders') return tenantOfNode(fleet.nodes.get(subject.id))
  if (subject.kind !== 'instance') return undefined
  const known = fleet.instances.get(subject.id)
  if (change.kind === 'registered') {
    const owner = change.tenant ?? known?.tenant
    const { origin, node } = change
    return tenantOfInstance({ origin, ...(owner === undefined ? {} : { tenant: owner }) }, fleet.nodes.get(node))
  }
  return known && tenantOfInstance(known, fleet.nodes.get(known.node))
}
