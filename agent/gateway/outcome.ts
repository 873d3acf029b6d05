import type { GatewayFiles, GatewayOutcome, Quarantined } from '#shared/protocol/gateway.ts'
import type { AppliedSet } from './applied-set.ts'
import type { FileSet } from './file-set.ts'
import type { GoodSet } from './keep-good.ts'

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
  const quarantined = result.attempt.quarantined.map((left) => {
    const source = sourceOf(set, left)
    return source === undefined ? left : { ...left, error: `${left.error} (declared at ${source})` }
  })
  const tookMs = Math.round((now - receivedAt) * 10) / 10
  return { state: 'proven', version, revision, quarantined, reloaded, tookMs }
}

/** Where in the declaration it stands that a proxy did not take. */
function sourceOf({ files }: GatewayFiles, { path, resource }: Quarantined): string | undefined {
  const file = files.find((each) => each.path === path)
  return (resource === undefined ? undefined : file?.sources?.[resource]) ?? file?.source
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
