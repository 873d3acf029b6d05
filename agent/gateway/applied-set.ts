import type { GatewayOutcome, Quarantined } from '#shared/protocol/gateway.ts'
import type { FileSet } from './file-set.ts'

/** How far a gateway is: what its folder holds, and the files that were last proven. */
export type GatewayState = { readonly present: FileSet; readonly lastGood: FileSet }

/** A set that is being tried: the files as they would be placed, and what is not as it was sent. */
export type Attempt = { readonly files: FileSet; readonly quarantined: readonly Quarantined[] }

/** What became of a set that was tried. */
export type AppliedSet = {
  readonly now: GatewayState
  readonly reloaded: boolean
  /** An outcome that may pass without anybody changing the set: try again. */
  readonly passing: boolean
  readonly result:
    | { readonly state: 'proven'; readonly attempt: Attempt }
    | Omit<Extract<GatewayOutcome, { state: 'rejected' }>, 'version'>
    | Omit<Extract<GatewayOutcome, { state: 'blocked' }>, 'version'>
}
