import type { Change } from '../fleet/event.ts'
import type { FleetView } from '../fleet/fleet.ts'

/** What there was of what a change is about. Undefined: nothing, or nothing that the change would replace. */
export function beforeOf(change: Change, fleet: FleetView): unknown {
  switch (change.kind) {
    case 'admitted': {
      const known = fleet.instances.get(change.instance)
      return known && { admission: known.admission }
    }
    case 'node-admitted': {
      const known = fleet.nodes.get(change.node)
      return known && { admission: known.admission }
    }
    case 'frozen':
    case 'thawed':
      return { frozen: fleet.installation.frozen ?? null }
    case 'settings-written':
      return fleet.settings.get(change.scope)?.versions.at(-1)
    case 'log-level-ordered':
    case 'restart-ordered':
      return fleet.orders.get(change.node)
    default:
      return undefined
  }
}
