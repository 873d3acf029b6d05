import type { KeyObject } from 'node:crypto'
import * as z from 'zod/mini'
import type { FailureCode } from '#shared/failure/failure.ts'
import { compareVersions } from '#shared/protocol/compare-versions.ts'
import { isSignedBy, type ReleaseManifest, SignedRelease } from '#shared/protocol/release.ts'

export type UpgradeQuestion = {
  /** What came with the release, from wherever. */
  readonly signed: unknown
  /** SHA-256 of the file that would be installed, in hexadecimal digits. */
  readonly sha256: string
  /** The public keys that this host trusts. */
  readonly keys: readonly KeyObject[]
  /** The newest version that was ever let in or has run here; nothing older is let in again. Undefined: it cannot be read. */
  readonly floor: string | undefined
  /** Epoch milliseconds. */
  readonly now: number
}

export type UpgradeAnswer =
  | { readonly may: 'install'; readonly manifest: ReleaseManifest }
  | { readonly may: 'nothing'; readonly code: FailureCode; readonly why: string }

/** Whether a file may be installed in the place of this agent. What cannot be known is a refusal. */
export function judgeUpgrade({ signed, sha256, keys, floor, now }: UpgradeQuestion): UpgradeAnswer {
  const refused = (code: FailureCode, why: string) => ({ may: 'nothing', code, why }) as const
  if (keys.length === 0) return refused('UPGRADE_OFF', 'this host trusts no key for upgrades')
  const read = z.safeParse(SignedRelease, signed)
  if (!read.success) return refused('UPGRADE_UNSIGNED', 'it is no signed release')
  // Nothing of it is believed before this.
  if (!isSignedBy(read.data, keys)) return refused('UPGRADE_UNSIGNED', 'no key that this host trusts has signed it')
  const { manifest } = read.data
  if (manifest.sha256 !== sha256) return refused('UPGRADE_CONTENT', 'the file is not the one that was signed')
  if (floor === undefined) return refused('UPGRADE_FLOOR', 'which versions were here cannot be read')
  // A floor that is no version is not below anything.
  if (!(compareVersions(manifest.version, floor) >= 0))
    return refused('UPGRADE_TOO_OLD', `${manifest.version} is older than ${floor}, which was here already`)
  if (now < Date.parse(manifest.not_before))
    return refused('UPGRADE_TOO_EARLY', `${manifest.version} is not to be installed before ${manifest.not_before}`)
  return { may: 'install', manifest }
}
