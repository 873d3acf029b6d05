import type { ForeignBelief, InstallationBelief, InstanceBelief, NodeBelief } from './belief.ts'
import type { DocumentBelief } from './documents.ts'
import type { NodeOrders } from './orders.ts'

/** Everything a fleet holds, as it is kept in a snapshot. */
export type FleetState = {
  readonly revision: number
  readonly nodes: readonly NodeBelief[]
  readonly instances: readonly InstanceBelief[]
  readonly foreign: readonly ForeignBelief[]
  /** Left out in states from before there were any. */
  readonly orders?: readonly NodeOrders[]
  readonly settings?: readonly DocumentBelief[]
  readonly installation: InstallationBelief
}
