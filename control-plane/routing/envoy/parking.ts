import { type Resource, type ResourceKind, resourceKinds } from './resource.ts'
import type { Changes, Snapshot } from './snapshot.ts'

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
  readonly #lastGood: Readonly<Record<ResourceKind, Map<string, Resource>>> = {
    cluster: new Map(),
    endpoints: new Map(),
    secret: new Map(),
    listener: new Map(),
    routes: new Map(),
  }

  /** What was rejected, for people. */
  all(): readonly Parked[] {
    return [...this.#parked.values()]
  }

  park(parked: Parked): void {
    this.#parked.set(keyOf(parked.resource), parked)
  }

  release(resource: Resource): void {
    if (this.has(resource)) this.#parked.delete(keyOf(resource))
  }

  /** What Envoy said of this very version; undefined: it was not rejected. */
  errorOf(resource: Resource): string | undefined {
    return this.has(resource) ? this.#parked.get(keyOf(resource))?.error : undefined
  }

  get isEmpty(): boolean {
    return this.#parked.size === 0
  }

  /** Whether this very version was rejected. */
  has({ kind, name, version }: Resource): boolean {
    // Nearly always there are none.
    return this.#parked.size > 0 && this.#parked.get(keyOf({ kind, name }))?.resource.version === version
  }

  lastGood({ kind, name }: Pick<Resource, 'kind' | 'name'>): Resource | undefined {
    return this.#lastGood[kind].get(name)
  }

  noteGood(resource: Resource): void {
    const good = this.#lastGood[resource.kind]
    // Hundreds of Envoys say the same.
    if (good.get(resource.name) !== resource) good.set(resource.name, resource)
  }

  /** Forgets what is no longer so in a new snapshot. @param changed what differs from the one before; undefined: there is none */
  follow({ resources }: Snapshot, changed: Changes | undefined): void {
    const now = ({ kind, name }: Resource) => resources[kind].get(name)
    for (const [key, { resource }] of this.#parked) {
      if (now(resource)?.version !== resource.version) this.#parked.delete(key)
    }
    for (const kind of resourceKinds) {
      if (changed?.[kind].every((name) => resources[kind].has(name))) continue
      const good = this.#lastGood[kind]
      for (const name of good.keys()) if (!resources[kind].has(name)) good.delete(name)
    }
  }

  /** Clusters that are still led to by routes that stand in for rejected ones. */
  stillLedTo(): readonly string[] {
    return this.all().flatMap(({ resource }) => this.lastGood(resource)?.targets ?? [])
  }
}

function keyOf({ kind, name }: { readonly kind: ResourceKind; readonly name: string }): string {
  return `${kind}/${name}`
}
