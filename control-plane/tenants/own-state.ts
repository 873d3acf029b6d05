import { nothingHeld } from '../fleet/belief.ts'
import { tenantOfInstance, tenantOfNode } from '../fleet/owner.ts'
import type { FleetState } from '../fleet/state.ts'
import { ownBelief } from './own-words.ts'

/** What was one tenant's in a state of the past. */
export function ownState(tenant: string, state: FleetState): FleetState {
  const nodes = new Map(state.nodes.map((node) => [node.spec.id, node]))
  const isOwn = (id: string) => tenantOfNode(nodes.get(id)) === tenant
  const { frozen, revision } = state.installation
  return {
    revision: state.revision,
    nodes: state.nodes.filter(({ spec }) => isOwn(spec.id)),
    instances: state.instances
      .filter((instance) => tenantOfInstance(instance, nodes.get(instance.node)) === tenant)
      .map((instance) => ownBelief(instance, isOwn)),
    foreign: [],
    orders: (state.orders ?? []).filter(({ node }) => isOwn(node)),
    settings: [],
    installation: { ...nothingHeld, frozen, revision },
  }
}
