import type { FileProxy, GatewayFiles } from '#shared/protocol/gateway.ts'
import type { AppliedSet, GatewayState } from './applied-set.ts'
import type { FileSet } from './file-set.ts'

/** One kind of proxy, as the loop of a gateway needs it. */
export interface GatewayProxy extends AsyncDisposable {
  /** The files of this gateway as its folder holds them. */
  read(): Promise<FileSet>
  /** Why a set is not even tried; undefined: it may be. `known`: files that were looked at before. */
  refusal(set: GatewayFiles, known: FileSet): AppliedSet['result'] | undefined
  /** Whether the folder holds these files already (`present` is what it holds) and the proxy serves them. */
  isServed(present: FileSet, files: FileSet): Promise<boolean>
  /** What the folder holds where these files are served. */
  expected(files: FileSet): FileSet
  /** How long a set has to wait before it may be tried, in milliseconds; 0: it may be now. */
  waitMs(urgent: boolean): Promise<number>
  /** Whether a server that `present` names is gone from `files`. */
  takesAway(present: FileSet, files: FileSet): boolean
  /** Tests a set, takes out what is guilty, puts the rest into place and proves that it is served. */
  apply(state: GatewayState, files: FileSet, urgent: boolean, stop: AbortSignal): Promise<AppliedSet>
}

/** What the loop itself has to know of a gateway. Times in milliseconds. */
export type LoopSettings = {
  readonly name: string
  readonly proxy: FileProxy
  /** The folder in which the last good set is kept. */
  readonly good: string
  /** How often a set is tried again that something else than its content keeps from being served. */
  readonly retryMs: number
  /** How often folder and proxy are compared as a whole. */
  readonly compareMs: number
}
