import type { SourceFile } from '../declaration/parse.ts'
import type { Rollout } from './rollout.ts'

/**
 * staged: on its way to the gateways · applied: it holds, or held until another came · halted: it was taken back on its way ·
 * rolled-back: it held, and somebody took it back
 */
export type VersionState = 'staged' | 'applied' | 'halted' | 'rolled-back'

/** One numbered version of the declaration. Times are epoch milliseconds. */
export type Version = {
  readonly number: number
  readonly author: string
  readonly comment: string
  /** files: the watched folder made it · api: somebody did */
  readonly source: 'files' | 'api'
  /** Of its files: equal files, equal hash. */
  readonly hash: string
  readonly state: VersionState
  /** Why it was halted or taken back; empty where it was not. */
  readonly why: string
  /** The version that held when this one was made; null: none. */
  readonly former: number | null
  /** The version whose files it brings back; null: it is no rollback. */
  readonly restores: number | null
  readonly rollout: Rollout
  readonly at: number
  /** When it left the state `staged`; null: it has not. */
  readonly endedAt: number | null
}

export type WholeVersion = Version & { readonly files: readonly SourceFile[] }
