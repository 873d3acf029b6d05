import type { FleetView } from '../../fleet/fleet.ts'
import { isoTime } from './row.ts'

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
