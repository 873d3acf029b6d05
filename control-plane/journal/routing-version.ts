/** A version of the routing declaration as it is kept, without its files. */
export type StoredVersion = {
  /** From 1, in the order in which they were made. */
  readonly number: number
  readonly author: string
  readonly comment: string
  /** files: the watched folder made it · api: somebody did */
  readonly source: 'files' | 'api'
  /** Of its files: equal files, equal hash. */
  readonly hash: string
  /** staged: on its way · applied: it holds, or held until another came · halted: it was taken back on its way · rolled-back: taken back later */
  readonly state: 'staged' | 'applied' | 'halted' | 'rolled-back'
  /** Why it was halted or taken back; empty where it was not. */
  readonly why: string
  /** The version that held when this one was made; null: none. */
  readonly former: number | null
  /** The version whose files it brings back; null: it is no rollback. */
  readonly restores: number | null
  /** JSON: how it comes to the gateways, and what has happened on the way. */
  readonly rollout: string
  /** Epoch milliseconds: when it was made, and when it left the state `staged`; null: it has not. */
  readonly at: number
  readonly endedAt: number | null
}

/** What becomes of a version after it was made. */
export type VersionChange = Pick<StoredVersion, 'number' | 'state' | 'why' | 'rollout' | 'endedAt'>
