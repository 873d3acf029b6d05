import type { DesiredInstance, DesiredNode } from './catalogue.ts'

/** Why a record of ours should no longer be there: without one, its deletion is only inferred. */
export type Cause = 'deregistered' | 'moved' | 'merged' | 'policy' | 'yielded' | 'empty'

/** What changed in the desired state, by the key of the node. */
export type Touched = {
  readonly instances: ReadonlyMap<string, ReadonlyMap<string, Cause | undefined>>
  /** Nodes whose own record or check changed, appeared or went. */
  readonly nodes: ReadonlySet<string>
  /** Whether something is no longer wanted without a cause: only a comparison can decide whether it may go. */
  readonly inferred: boolean
}

/** Where something stands, as keys. */
export type Place = { readonly node: string; readonly key: string }

export type MutableNode = {
  /** As the fleet calls it; empty where it holds copies. */
  readonly id: string
  node: DesiredNode['node']
  check: DesiredNode['check']
  readonly instances: Map<string, DesiredInstance>
}

export class TouchedKeys implements Touched {
  readonly instances = new Map<string, Map<string, Cause | undefined>>()
  readonly nodes = new Set<string>()
  inferred = false

  add({ node, key }: Place, cause: Cause | undefined): void {
    const keys = this.instances.get(node)
    if (keys) keys.set(key, cause)
    else this.instances.set(node, new Map([[key, cause]]))
  }
}
