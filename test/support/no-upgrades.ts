import type { ApiParts } from '#control-plane/api/v1.ts'
import type { FleetView } from '#control-plane/fleet/fleet.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { ReleaseFiles } from '#control-plane/upgrades/keep-files.ts'
import { Upgrades, type UpgradesParts } from '#control-plane/upgrades/keep-upgrades.ts'
import type { Rollout } from '#control-plane/upgrades/state.ts'
import { storedRollout } from '#control-plane/upgrades/store.ts'
import { quiet } from './agents/agents-plane.ts'

/** Of an API to which no release was ever added. */
export function noUpgrades(fleet: FleetView = new Fleet()): Pick<ApiParts, 'upgrades'> {
  return { upgrades: { upgrades: new Upgrades(partsOf(fleet, [])), fleet } }
}

/** Of an API that has these rollouts under way, and no file of theirs. */
export async function upgradesWith(rollouts: readonly Rollout[], fleet: FleetView = new Fleet()) {
  return { upgrades: await Upgrades.open(partsOf(fleet, rollouts)), fleet }
}

export function partsOf(fleet: FleetView, rollouts: readonly Rollout[]): UpgradesParts {
  return {
    store: {
      saveRelease: async () => {},
      releases: async () => [],
      saveRollouts: async () => {},
      rollouts: async () => rollouts.map((each) => storedRollout(each, 0)),
    },
    files: new ReleaseFiles('/nonexistent/releases'),
    fleet,
    pieceElsewhere: async () => undefined,
    onWanted: () => {},
    leads: () => true,
    upgradeOf: () => undefined,
    takesUpgrades: () => undefined,
    slowMs: () => undefined,
    log: quiet,
    now: Date.now,
  }
}
