import type { FleetView } from '../../fleet/fleet.ts'
import type { ApiHealth, ApiStatus } from '../../fleet/routable.ts'
import { type Conflict, conflictsOf } from '../conflicts.ts'
import { isoTime } from './row.ts'

/** What the fleet amounts to. */
export type Counts = {
  readonly services: {
    readonly total: number
    readonly names: number
    readonly by_status: Readonly<Record<ApiStatus, number>>
    readonly by_health: Readonly<Record<ApiHealth, number>>
  }
  readonly nodes: {
    readonly total: number
    readonly connected: number
    readonly suspect: number
    readonly lost: number
    /** Without an agent. */
    readonly none: number
  }
  readonly conflicts: readonly Conflict[]
}

export function countFleet(fleet: FleetView): Counts {
  const by_status = { registered: 0, active: 0, inactive: 0, failed: 0 }
  const by_health = { healthy: 0, warning: 0, critical: 0, unknown: 0 }
  for (const id of fleet.instances.keys()) {
    const standing = fleet.standing(id)
    if (!standing) continue
    by_status[standing.status] += 1
    by_health[standing.health] += 1
  }
  const nodes = { total: fleet.nodes.size, connected: 0, suspect: 0, lost: 0, none: 0 }
  for (const { contact } of fleet.nodes.values()) nodes[contact] += 1
  const names = [...fleet.services()].length
  return {
    services: { total: fleet.instances.size, names, by_status, by_health },
    nodes,
    conflicts: conflictsOf(fleet),
  }
}

/** Holds and freezes, as they stand. */
export function protectionsOf({ installation }: FleetView) {
  const { frozen, holds } = installation
  return {
    frozen: frozen ? { by: frozen.by, reason: frozen.reason, since: isoTime(frozen.since) } : null,
    holds: [...holds.values()].map(({ site, machines, since, until }) => ({
      site,
      machines,
      since: isoTime(since),
      until: isoTime(until),
    })),
  }
}
