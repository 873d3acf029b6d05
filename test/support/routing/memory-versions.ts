import type { SplitStore, StoredSplit } from '#control-plane/routing/splits/store.ts'
import type { StoredVersion, VersionStore } from '#control-plane/routing/versions/store.ts'

/** A store of versions and splits that lives in memory; several runs of routing may share it, one after the other. */
export class MemoryVersions implements VersionStore, SplitStore {
  readonly versions: (StoredVersion & { readonly files: string })[] = []
  readonly splits = new Map<string, StoredSplit>()
  /** False: the disk is full. */
  writable = true

  async saveRoutingSplits(splits: readonly StoredSplit[]): Promise<void> {
    if (!this.writable) throw new Error('no room')
    for (const split of splits) this.splits.set(split.service, split)
  }

  async routingSplits(): Promise<readonly StoredSplit[]> {
    return [...this.splits.values()]
  }

  async addRoutingVersion(version: Omit<StoredVersion, 'number'>, files: string): Promise<number> {
    if (!this.writable) throw new Error('no room')
    const number = this.versions.length + 1
    this.versions.push({ ...version, number, files })
    return number
  }

  async changeRoutingVersions(changes: Parameters<VersionStore['changeRoutingVersions']>[0]): Promise<void> {
    if (!this.writable) throw new Error('no room')
    for (const change of changes) {
      const index = this.versions.findIndex(({ number }) => number === change.number)
      const known = this.versions[index]
      if (known) this.versions[index] = { ...known, ...change }
    }
  }

  async routingVersions({ before, limit }: { readonly before: number | undefined; readonly limit: number }) {
    const older = this.versions.filter(({ number }) => before === undefined || number < before)
    return older
      .toReversed()
      .slice(0, limit)
      .map(({ files: _, ...version }) => version)
  }

  async routingVersion(number: number) {
    return this.versions.find((version) => version.number === number)
  }

  async newestRoutingVersion(about: Partial<Pick<StoredVersion, 'state' | 'source' | 'hash'>>) {
    return this.versions.findLast(
      (version) =>
        (about.state ?? version.state) === version.state &&
        (about.source ?? version.source) === version.source &&
        (about.hash ?? version.hash) === version.hash,
    )
  }
}
