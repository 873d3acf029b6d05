import { compareVersions } from '#shared/protocol/compare-versions.ts'
import type { UpgradeDoing } from '#shared/protocol/upgrade.ts'
import { admissionOf } from '../fleet/admission.ts'
import type { NodeBelief } from '../fleet/belief.ts'
import { scopesOf } from '../fleet/documents.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { InstancesSeen, Known, NodeSeen } from './judge-rollout.ts'
import type { Rollout } from './state.ts'

/** What the plane hears of agents besides what the fleet knows. */
export type AgentsSaid = {
  /** What a node's agent said last of its upgrades; undefined: nothing. */
  readonly upgradeOf: (node: string) => UpgradeDoing | undefined
  /** Whether its agent takes what it is to become; undefined: no plane has a session with it yet. */
  readonly takesUpgrades: (node: string) => boolean | undefined
  /** Its event-loop lag, where it is too much, in milliseconds. */
  readonly slowMs: (node: string) => number | undefined
}

type Fleet = Pick<FleetView, 'nodes' | 'instances' | 'instancesOfNode' | 'standing' | 'installation'>

/** What is known now of the nodes that a rollout concerns. */
export function knownOf(rollout: Pick<Rollout, 'scope' | 'version' | 'nodes'>, fleet: Fleet, said: AgentsSaid): Known {
  const nodes = new Map<string, NodeSeen>()
  for (const [id, node] of fleet.nodes) {
    if (!isIn(rollout.scope, node)) continue
    nodes.set(id, seenOf(node, rollout, said))
  }
  const { frozen, holds } = fleet.installation
  return {
    nodes,
    instancesOf: (node) => instancesOf(node, fleet),
    frozen: frozen !== undefined,
    held: [...holds.keys()],
  }
}

/** What is routable of a node now. */
export function instancesOf(node: string, fleet: Fleet): InstancesSeen {
  const routable = new Set<string>()
  const takenOut = new Set<string>()
  for (const instance of fleet.instancesOfNode(node)) {
    const known = fleet.instances.get(instance)
    if (!known) continue
    if (admissionOf(known, fleet.nodes.get(node)).state !== 'active') takenOut.add(instance)
    else if (fleet.standing(instance)?.routable !== 'no') routable.add(instance)
  }
  return { routable, takenOut }
}

/** A node with an agent in the scope. */
function isIn(scope: string, { spec, contact }: NodeBelief): boolean {
  return contact !== 'none' && spec.registered === undefined && scopesOf(spec).includes(scope)
}

function seenOf(
  { spec, contact }: NodeBelief,
  { version, nodes }: Pick<Rollout, 'version' | 'nodes'>,
  { upgradeOf, takesUpgrades, slowMs }: AgentsSaid,
): NodeSeen {
  const { id } = spec
  const says = upgradeOf(id)
  const asked = nodes[id]
  // One that takes them says what it can right after it is let in.
  const heard = says !== undefined || takesUpgrades(id) === false
  const failed = says?.stage === 'failed' && says.version === version
  return {
    node: id,
    machine: spec.machine,
    site: spec.site,
    gateways: [...new Set([...spec.gateways.map(({ gateway }) => gateway), ...(spec.authorizers ?? [])])],
    version: spec.version,
    connected: contact === 'connected',
    unable: asked ? undefined : unableOf(contact === 'connected', spec.version, version, heard, says),
    heard,
    failed: failed ? { code: says.code ?? '', why: says.why ?? '' } : undefined,
    slowMs: slowMs(id),
  }
}

/** Why a node cannot be upgraded from afar; undefined: it can. */
function unableOf(
  connected: boolean,
  has: string,
  wanted: string,
  heard: boolean,
  says: UpgradeDoing | undefined,
): string | undefined {
  if (has === wanted) return undefined
  if (!connected) return 'out of contact'
  if (!heard) return undefined
  if (!says) return 'its agent does not know how to be upgraded from afar: upgrade it by hand, once'
  switch (says.unable) {
    case 'no_key':
      return 'its host trusts no key (`upgrade.keys`)'
    case 'no_installer':
      return 'its host has no installer (heddle-upgrade.path)'
    case undefined:
      break
  }
  if (says.floor === undefined) return 'which versions were there cannot be read (UPGRADE_FLOOR)'
  if (compareVersions(wanted, says.floor) < 0)
    return `its floor is ${says.floor}: older versions are not let in (UPGRADE_TOO_OLD)`
  return undefined
}
