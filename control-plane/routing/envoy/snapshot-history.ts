import type { Snapshot } from './snapshot.ts'

/** A snapshot as it was published, with the fleet's revision that it first showed. */
export type PublishedSnapshot = { readonly snapshot: Snapshot; readonly revision: number }

const mostForEach = 16

/** The last snapshots of each gateway, by hash. */
export class SnapshotHistory {
  readonly #published = new Map<string, Map<string, PublishedSnapshot>>()

  add(snapshot: Snapshot, revision: number): void {
    const { gateway, version } = snapshot
    const versions = this.#published.get(gateway) ?? new Map<string, PublishedSnapshot>()
    this.#published.set(gateway, versions)
    // What comes back is the newest again.
    const known = versions.get(version)
    versions.delete(version)
    versions.set(version, known ?? { snapshot, revision })
    for (const oldest of versions.keys()) {
      if (versions.size <= mostForEach) break
      versions.delete(oldest)
    }
  }

  get(gateway: string, version: string): PublishedSnapshot | undefined {
    return this.#published.get(gateway)?.get(version)
  }

  /** Newest last. */
  of(gateway: string): readonly PublishedSnapshot[] {
    return [...(this.#published.get(gateway)?.values() ?? [])]
  }
}
