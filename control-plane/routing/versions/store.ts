import * as z from 'zod/mini'
import type { SourceFile } from '../declaration/parse.ts'
import type { Rollout } from './rollout.ts'
import type { Version, WholeVersion } from './version.ts'

/** A version as a store keeps it: what has inner structure is JSON. */
export type StoredVersion = Omit<Version, 'rollout'> & { readonly rollout: string }
type StoredWhole = StoredVersion & { readonly files: string }

/** Where versions are kept over restarts. Every method rejects with STORE_UNAVAILABLE when the store cannot do it now. */
export type VersionStore = {
  /** Resolves with its number, which is greater than that of any version before it. */
  addRoutingVersion(version: Omit<StoredVersion, 'number'>, files: string): Promise<number>
  changeRoutingVersions(
    changes: readonly Pick<StoredVersion, 'number' | 'state' | 'why' | 'rollout' | 'endedAt'>[],
  ): Promise<void>
  /** Newest first. */
  routingVersions(page: {
    readonly before: number | undefined
    readonly limit: number
  }): Promise<readonly StoredVersion[]>
  routingVersion(number: number): Promise<StoredWhole | undefined>
  newestRoutingVersion(
    about: Partial<Pick<StoredVersion, 'state' | 'source' | 'hash'>>,
  ): Promise<StoredWhole | undefined>
}

const Files = z.array(z.object({ file: z.string(), text: z.string() }))

/** How a version came that had no way to go: all at once. */
export const atOnce: Rollout = {
  stages: [],
  stage: 0,
  since: 0,
  provers: [],
  withinMs: 0,
  soakMs: 0,
  bounds: { errorPercent: undefined, latencyMs: undefined, leastRequests: 0 },
  gated: false,
  knownRejections: [],
  notes: [],
}

export function versionOf({ rollout, ...rest }: StoredVersion): Version {
  // Ours alone write it; what a later Heddle added is passed over.
  return { ...rest, rollout: { ...atOnce, ...(JSON.parse(rollout) as Partial<Rollout>) } }
}

export function wholeVersionOf({ files, ...stored }: StoredWhole): WholeVersion {
  return { ...versionOf(stored), files: z.parse(Files, JSON.parse(files)) }
}

export function storedOf({ rollout, ...rest }: Omit<Version, 'number'>): Omit<StoredVersion, 'number'> {
  return { ...rest, rollout: JSON.stringify(rollout) }
}

export function filesText(files: readonly SourceFile[]): string {
  return JSON.stringify(files.map(({ file, text }) => ({ file, text })))
}
