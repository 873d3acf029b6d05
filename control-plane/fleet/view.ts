import type { ForeignBelief, InstallationBelief, InstanceBelief, NodeBelief } from './belief.ts'
import type { DocumentBelief } from './documents.ts'
import type { NodeOrders } from './orders.ts'
import type { Standing } from './routable.ts'

/** What became of an entry: it changed something, changed nothing, or its author had seen an older state. */
export type Outcome = 'changed' | 'unchanged' | 'overtaken'

/** What a batch of entries touched. The keys name what to look at again; they say nothing about how. */
export type FleetChange = {
  readonly revision: number
  readonly nodes: ReadonlySet<string>
  readonly instances: ReadonlySet<string>
  /** Records of others in the Consuls; `services` does not name theirs. */
  readonly foreign: ReadonlySet<string>
  /** Services that gained, lost or changed an instance. */
  readonly services: ReadonlySet<string>
  /** Nodes of which something else is asked. */
  readonly orders: ReadonlySet<string>
  /** Scopes for which other settings are held. */
  readonly settings: ReadonlySet<string>
  readonly installation: boolean
  /** True when an endpoint stopped being routable: what follows must not wait for company. */
  readonly removal: boolean
}

export type FleetWatcher = (change: FleetChange) => void

/** What others may do with the fleet: read it and hear of changes. */
export interface FleetView {
  /** The number of the last entry of the journal, whether it changed something or not. */
  readonly revision: number
  /** False until the journal is loaded; nothing may be concluded from a fleet that is not complete. */
  readonly complete: boolean
  readonly nodes: ReadonlyMap<string, NodeBelief>
  readonly instances: ReadonlyMap<string, InstanceBelief>
  /** What others have registered in the Consuls, by `foreignId`. */
  readonly foreign: ReadonlyMap<string, ForeignBelief>
  readonly installation: InstallationBelief
  /** What is asked of nodes, by their ids; nodes of which nothing ever was are not there. */
  readonly orders: ReadonlyMap<string, NodeOrders>
  /** The settings held for agents, by scope. */
  readonly settings: ReadonlyMap<string, DocumentBelief>
  instancesOfNode(node: string): ReadonlySet<string>
  instancesOfService(service: string): ReadonlySet<string>
  /** Instances registered at one address and port; more than one is a conflict. */
  instancesAt(address: string, port: number): ReadonlySet<string>
  foreignOfService(service: string): ReadonlySet<string>
  foreignAt(address: string, port: number): ReadonlySet<string>
  /** Names of services that have an instance. */
  services(): Iterable<string>
  /** Whether it is not there because it was deregistered; false also where that is no longer remembered. */
  hasDeparted(instance: string): boolean
  /** What follows from the belief, overlaid removals included; undefined: not known. */
  standing(instance: string): Standing | undefined
  /**
   * Calls `watcher` once after each batch that raised the revision, in order; returns how to stop. Where nothing changed nothing is named:
   * a sink that shows everything before shows this revision as well.
   */
  watch(watcher: FleetWatcher): () => void
}
