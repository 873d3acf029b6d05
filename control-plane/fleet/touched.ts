import type { InstanceBelief } from './belief.ts'
import type { FleetChange } from './view.ts'

/** What one batch touched. */
export class Touched {
  readonly nodes = new Set<string>()
  readonly instances = new Set<string>()
  readonly foreign = new Set<string>()
  readonly services = new Set<string>()
  readonly orders = new Set<string>()
  readonly settings = new Set<string>()
  /** As they were before the batch. */
  readonly wereRoutable = new Map<string, InstanceBelief>()
  installation = false

  get empty(): boolean {
    const { nodes, instances, foreign, orders, settings } = this
    return !this.installation && [nodes, instances, foreign, orders, settings].every(({ size }) => size === 0)
  }

  instance(id: string, before: InstanceBelief | undefined, routable: boolean): void {
    // Only the state before the batch counts: later steps of the same batch see their predecessors.
    if (!this.instances.has(id) && before && routable) this.wereRoutable.set(id, before)
    this.instances.add(id)
    if (before) this.services.add(before.spec.service)
  }

  /** @param removal an endpoint stopped being routable */
  change(revision: number, removal: boolean): FleetChange {
    const { nodes, instances, foreign, services, orders, settings, installation } = this
    return { revision, nodes, instances, foreign, services, orders, settings, installation, removal }
  }
}
