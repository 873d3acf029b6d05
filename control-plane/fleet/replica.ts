/** A plane that shares the store, by its own word. */
export type Replica = {
  /** Random for each process. */
  readonly run: string
  /** For people: the machine's name. */
  readonly holder: string
  /** Where its API is asked: `http://host:port`. */
  readonly api: string
  /** Random for each process, and told to nobody: who knows it reads the same store. */
  readonly key: string
  readonly machine: string
  readonly site: string
  readonly version: string
  /** leaving: it hands its agents over and ends soon */
  readonly state: 'serving' | 'leaving'
  /** How far its fleet has come. */
  readonly revision: number
  /** Agents that have a session with it. */
  readonly sessions: number
}

/** What the store says of one. Milliseconds by its clock: since it was last seen, and since it came. */
export type StoredReplica = Replica & { readonly agoMs: number; readonly forMs: number }
