import type { FileProxy, GatewayFiles } from '#shared/protocol/gateway.ts'
import type { AppliedSet, GatewayState } from './applied-set.ts'
import type { FileSet } from './file-set.ts'

/** What a proxy does to be taken out of service without a failed request. */
export interface DrainingProxy {
  /**
   * Has the health path for balancers fail, and connections end with their next answer, or ends that. A second time changes nothing. A
   * proxy that does not run needs nothing. Throws where it does not do so.
   */
  drain(draining: boolean): Promise<void>
  /** Requests of clients that it has not answered yet; undefined: it does not say. */
  underWay(): Promise<number | undefined>
}

/** One kind of proxy, as the loop of a gateway needs it. */
export interface GatewayProxy extends AsyncDisposable, DrainingProxy {
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
  /** Whether a server that `present` names is gone from `files`, or users are taken from the canary of a split. */
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
  /** The file in which an order to drain is kept. */
  readonly drainFile: string
  /** How long the balancers in front may take to see that the health path fails. */
  readonly drainNoticeMs: number
}
