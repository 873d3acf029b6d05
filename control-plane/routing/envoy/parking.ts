import type { Resource, ResourceKind } from './resource.ts'
import type { Snapshot } from './snapshot.ts'

/** A resource that an Envoy rejected. It is offered to nobody who does not have it until it changes. */
export type Parked = {
  readonly resource: Resource
  /** In Envoy's words. */
  readonly error: string
  /** The id of the Envoy. */
  readonly by: string
}

/** Which resources were rejected, and which were taken before them. */
export class Parking {
  readonly #parked = new Map<string, Parked>()
  /** The version that an Envoy took last, by kind and name. */
  readonly #lastGood = new Map<string, Resource>()

  /** What was rejected, for people. */
  all(): readonly Parked[] {
    return [...this.#parked.values()]
  }

  park(parked: Parked): void {
    this.#parked.set(keyOf(parked.resource), parked)
  }

  /** Whether this very version was rejected. */
  has({ kind, name, version }: Resource): boolean {
    return this.#parked.get(keyOf({ kind, name }))?.resource.version === version
  }

  lastGood(resource: Pick<Resource, 'kind' | 'name'>): Resource | undefined {
    return this.#lastGood.get(keyOf(resource))
  }

  noteGood(resource: Resource): void {
    this.#lastGood.set(keyOf(resource), resource)
  }

  /** Forgets what is no longer so in a new snapshot. */
  follow({ resources }: Snapshot): void {
    const now = ({ kind, name }: Resource) => resources[kind].get(name)
    for (const [key, { resource }] of this.#parked) {
      if (now(resource)?.version !== resource.version) this.#parked.delete(key)
    }
    for (const [key, resource] of this.#lastGood) if (!now(resource)) this.#lastGood.delete(key)
  }

  /** Clusters that are still led to by routes that stand in for rejected ones. */
  stillLedTo(): readonly string[] {
    return this.all().flatMap(({ resource }) => this.lastGood(resource)?.targets ?? [])
  }
}

function keyOf({ kind, name }: { readonly kind: ResourceKind; readonly name: string }): string {
  return `${kind}/${name}`
}
