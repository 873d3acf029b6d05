import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { AppliedSet } from './apply-set.ts'
import type { FileSet } from './file-set.ts'
import type { GoodSet } from './keep-good.ts'
import type { Quarantined } from './quarantine.ts'

/** A set that the plane wants, and since when. */
export type Input = {
  readonly set: GatewayFiles
  readonly files: FileSet
  readonly key: string
  readonly receivedAt: number
  /** Whether it, or one before it that was never served, takes away an endpoint. */
  readonly urgent: boolean
}

/** What is said about a set that was tried. */
export function outcomeOf({ set, receivedAt }: Input, { result, reloaded }: AppliedSet, now: number): GatewayOutcome {
  const { version, revision } = set
  if (result.state !== 'proven') return { ...result, version }
  const quarantined = result.attempt.quarantined.map(({ path, error }) => {
    const source = set.files.find((file) => file.path === path)?.source
    return { path, error: source === undefined ? error : `${error} (declared at ${source})` }
  })
  const tookMs = Math.round((now - receivedAt) * 10) / 10
  return { state: 'proven', version, revision, quarantined, reloaded, tookMs }
}

/** Whether two outcomes would tell people the same, times apart. */
export function tellTheSame(one: GatewayOutcome | undefined, other: GatewayOutcome): boolean {
  return one !== undefined && JSON.stringify(essence(one)) === JSON.stringify(essence(other))
}

function essence(outcome: GatewayOutcome): object {
  switch (outcome.state) {
    case 'proven':
      return { ...outcome, tookMs: 0, reloaded: false }
    case 'waiting':
      return { ...outcome, waitMs: 0 }
    case 'rejected':
    case 'blocked':
      return outcome
  }
}

export function goodSetOf({ set }: Input, files: FileSet, quarantined: readonly Quarantined[]): GoodSet {
  return { format: 1, set, files: Object.fromEntries(files), quarantined: [...quarantined] }
}
