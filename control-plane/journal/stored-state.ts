import { Failure } from '#shared/failure/failure.ts'
import type { ForeignBelief, Hold, InstallationBelief, InstanceBelief, NodeBelief } from '../fleet/belief.ts'
import type { DocumentBelief } from '../fleet/documents.ts'
import type { NodeOrders } from '../fleet/orders.ts'
import type { FleetState } from '../fleet/state.ts'

/** The version of the snapshots that this program writes. */
export const stateVersion = 1

/** Beliefs in one part: a part of instances is some 100 KiB, read or written in about a millisecond. */
export const beliefsInPart = 200

type StoredInstallation = Omit<InstallationBelief, 'holds'> & { readonly holds: readonly Hold[] }

type StoredPart =
  | { readonly kind: 'installation'; readonly installation: StoredInstallation }
  | { readonly kind: 'nodes'; readonly nodes: readonly NodeBelief[] }
  | { readonly kind: 'instances'; readonly instances: readonly InstanceBelief[] }
  | { readonly kind: 'foreign'; readonly foreign: readonly ForeignBelief[] }
  | { readonly kind: 'orders'; readonly orders: readonly NodeOrders[] }
  | { readonly kind: 'settings'; readonly settings: readonly DocumentBelief[] }

/** A state as JSON, part by part, so that nobody has to hold or parse it whole. The order of beliefs is kept. */
export function* encodeState(state: FleetState): Generator<string, void, undefined> {
  const { holds, ...installation } = state.installation
  yield part({ kind: 'installation', installation: { ...installation, holds: [...holds.values()] } })
  for (const nodes of slices(state.nodes)) yield part({ kind: 'nodes', nodes })
  for (const instances of slices(state.instances)) yield part({ kind: 'instances', instances })
  for (const foreign of slices(state.foreign)) yield part({ kind: 'foreign', foreign })
  for (const orders of slices(state.orders ?? [])) yield part({ kind: 'orders', orders })
  // A document with its past may be large.
  for (const each of state.settings ?? []) yield part({ kind: 'settings', settings: [each] })
}

/** Puts a state together from its parts, given in their order. */
export class StateReader {
  readonly #revision: number
  #installation: InstallationBelief | undefined
  readonly #nodes: NodeBelief[] = []
  readonly #instances: InstanceBelief[] = []
  readonly #foreign: ForeignBelief[] = []
  readonly #orders: NodeOrders[] = []
  readonly #settings: DocumentBelief[] = []

  /** Throws STORE_TOO_NEW if a newer Heddle wrote the snapshot. */
  constructor(revision: number, version: number) {
    if (version !== stateVersion) {
      throw new Failure('STORE_TOO_NEW', `Snapshot ${revision} has version ${version}; this version does not know it.`)
    }
    this.#revision = revision
  }

  /** Throws STORE_CORRUPT if the part cannot be read. */
  add(body: string): void {
    const stored = this.#parse(body)
    switch (stored.kind) {
      case 'installation':
        this.#installation = decodeInstallation(stored.installation)
        return
      case 'nodes':
        for (const node of stored.nodes) this.#nodes.push(decodeNode(node))
        return
      case 'instances':
        for (const instance of stored.instances) this.#instances.push(decodeInstance(instance))
        return
      case 'foreign':
        for (const each of stored.foreign) this.#foreign.push(each)
        return
      case 'orders':
        for (const each of stored.orders) this.#orders.push(each)
        return
      case 'settings':
        for (const each of stored.settings) this.#settings.push(each)
        return
    }
  }

  /** The whole. Throws STORE_CORRUPT if there was no first part. */
  state(): FleetState {
    if (!this.#installation) throw this.#unreadable()
    return {
      revision: this.#revision,
      nodes: this.#nodes,
      instances: this.#instances,
      foreign: this.#foreign,
      orders: this.#orders,
      settings: this.#settings,
      installation: this.#installation,
    }
  }

  #parse(body: string): StoredPart {
    try {
      return JSON.parse(body) as StoredPart
    } catch (cause) {
      throw this.#unreadable(cause)
    }
  }

  #unreadable(cause?: unknown): Failure {
    return new Failure('STORE_CORRUPT', `Snapshot ${this.#revision} cannot be read.`, { cause })
  }
}

function part(stored: StoredPart): string {
  return JSON.stringify(stored)
}

function* slices<T>(items: readonly T[]): Generator<readonly T[], void, undefined> {
  for (let from = 0; from < items.length; from += beliefsInPart) yield items.slice(from, from + beliefsInPart)
}

// JSON has no undefined: what is known to be there without a value is put back.

function decodeInstallation({ frozen, holds, revision }: StoredInstallation): InstallationBelief {
  return { frozen, holds: new Map(holds.map((hold) => [hold.site, hold])), revision }
}

function decodeNode(node: NodeBelief): NodeBelief {
  const { attachment, admission } = node
  if (!admission) return { ...node, attachment }
  return { ...node, attachment, admission: { ...admission, expiresAt: admission.expiresAt } }
}

function decodeInstance(instance: InstanceBelief): InstanceBelief {
  const { death, admission } = instance
  return { ...instance, death, admission: { ...admission, expiresAt: admission.expiresAt } }
}
