import type { ImportEnd, KeptRow, KeptTable } from '#shared/protocol/registry-import.ts'
import type { AccessStore } from '../fleet/access.ts'
import type { AuditDraft, AuditStore } from '../fleet/audit.ts'
import type { EnvironmentStore } from '../fleet/environments.ts'
import type { IdentityStore } from '../fleet/identity.ts'
import type { MetricStep } from '../fleet/metric-series.ts'
import type { PeopleStore } from '../fleet/people.ts'
import type { Replica, StoredReplica } from '../fleet/replica.ts'
import type { SyncTask, SyncTaskFilter, SyncTaskLimits, SyncTaskTaken, SyncTaskView } from '../fleet/sync-task.ts'
import type { SnapshotMark } from './retention.ts'
import type { StoredVersion, VersionChange } from './routing-version.ts'
import type { StoredEntry, StoredEvent } from './stored-event.ts'
import type { Rollup } from './tables/rollup.ts'
import type { ClusterNodeRow, ServiceRow } from './tables/rows.ts'

/** A leadership: whose it is and which one. Epochs only rise. */
export type Term = { readonly run: string; readonly epoch: number }

/**
 * What only a leader may do takes the term that it leads under where planes share the store: unless that lasts, it rejects with
 * LEADERSHIP_LOST, and nothing has happened.
 */
export type OnlyUnder = Term | undefined

/** Whether this plane leads those that share the store. */
export type Leading = {
  readonly leads: () => boolean
  /** Undefined: nobody else could lead. Throws LEADERSHIP_LOST if this plane does not. */
  readonly term: () => OnlyUnder
}

/** What must hold when events are appended; else nothing happens. */
export type AppendCondition = {
  /** The journal has this revision; else the append rejects with STORE_CORRUPT: the store has gone back. */
  readonly atLeast?: number
  /** It leads still; else the append rejects with LEADERSHIP_LOST. */
  readonly term?: OnlyUnder
  /** What the audit keeps of it, in the same transaction. */
  readonly audit?: readonly AuditDraft[]
}

/**
 * Where the journal is kept. Every method rejects with STORE_UNAVAILABLE (retryable) when the store cannot do it now, and then nothing
 * has happened; with STORE_CORRUPT when what it holds cannot be trusted.
 */
export interface JournalStore {
  /** The revision of the newest entry; 0: none. */
  head(): Promise<number>
  /** Makes the events durable, in their order and together. Resolves with the revision of the last one; they are consecutive. */
  append(events: readonly StoredEvent[], condition?: AppendCondition): Promise<number>
  /** Entries after a revision, oldest first, at most `limit`. @param tenant only those whose subject was its own */
  read(after: number, limit: number, tenant?: string): Promise<readonly StoredEntry[]>
  /** The revision before the first entry at or after a time (epoch milliseconds); the newest one if there is none. */
  revisionAt(time: number): Promise<number>
  /** The revision of the oldest entry that is kept; undefined: none is. */
  oldest(): Promise<number | undefined>
  /** Writes without changing anything: whether the store takes entries. */
  probe(): Promise<void>

  /** The complete snapshots, newest first. */
  snapshots(): Promise<readonly SnapshotMark[]>
  /** Part `part` (from 0) of a snapshot; undefined if it is missing. */
  snapshotPart(revision: number, part: number): Promise<string | undefined>
  saveSnapshotPart(revision: number, part: number, body: string, term?: OnlyUnder): Promise<void>
  /** After this the snapshot counts. Rejects if not all of its parts are there. */
  finishSnapshot(mark: SnapshotMark, term?: OnlyUnder): Promise<void>
  /** After this the snapshot does not count. Its parts go with `dropParts`. */
  dropSnapshot(revision: number, term?: OnlyUnder): Promise<void>
  /** Drops up to `limit` parts that belong to no complete snapshot; resolves with how many went. */
  dropParts(limit: number, term?: OnlyUnder): Promise<number>
  /** Drops the entries up to a revision, at most `limit`, oldest first; resolves with how many went. */
  dropEntries(upTo: number, limit: number, term?: OnlyUnder): Promise<number>
}

/** What one transaction does to the tables. */
export type TableWrite = {
  readonly services: readonly ServiceRow[]
  readonly nodes: readonly ClusterNodeRow[]
  readonly goneServices: readonly string[]
  readonly goneNodes: readonly string[]
  /** The revision that the tables show with this; undefined: not all of it is written yet. */
  readonly cursor: number | undefined
}

/** When something was last heard of: its id and epoch milliseconds. */
export type Beat = readonly [id: string, at: number]

/** The nine tables that follow the journal. Rejects as JournalStore does. */
export interface TableStore {
  /** The revision that the tables show. */
  tableCursor(): Promise<number>
  writeTables(write: TableWrite, term?: OnlyUnder): Promise<void>
  /** The ids in the tables, in order, at most `limit` after `after`. */
  serviceIds(after: string, limit: number): Promise<readonly string[]>
  /** When services were last heard of, in the order of their ids, at most `limit` after `after`. */
  serviceBeats(after: string, limit: number): Promise<readonly Beat[]>
  nodeIds(after: string, limit: number): Promise<readonly string[]>
  /** Those that are known to have been heard of later stay as they are. */
  saveBeats(services: readonly Beat[], nodes: readonly Beat[]): Promise<void>
  /** Adds to the minutes that are there already. */
  saveRollups(rollups: readonly Rollup[]): Promise<void>
  /** Drops up to `limit` rollups that are older than `before`, or beyond the newest `most`; resolves with how many went. */
  dropRollups(before: number, most: number, limit: number): Promise<number>
  /** Which node measured what of a service, in order, at most `limit`. */
  metricsOf(service: string, limit: number): Promise<readonly StoredMetric[]>
  /** Some of a metric's minutes, oldest first, added up to steps. */
  readRollups(range: RollupRange): Promise<RollupPage>
}

export type StoredMetric = { readonly node: string; readonly name: string }

export type RollupRange = StoredMetric & {
  readonly service: string
  /** Epoch milliseconds, `to` excluded. */
  readonly from: number
  readonly to: number
  readonly stepMs: number
  /** Minutes that are read at most. */
  readonly limit: number
}

export type RollupPage = {
  /** Undefined where there is no minute. */
  readonly unit: Rollup['unit'] | undefined
  readonly buckets: readonly MetricStep[]
  /** Where the rest begins, epoch milliseconds; undefined: that was all. */
  readonly next: number | undefined
}

/** What was handed over to be kept in step. Rejects as JournalStore does. */
export interface SyncTaskStore {
  /** Keeps a task, unless as many as the limits allow are pending already. The same one again is no second one. Old ones fail. */
  addSyncTask(task: SyncTask, limits: SyncTaskLimits): Promise<SyncTaskTaken>
  syncTask(id: string): Promise<SyncTaskView | undefined>
  /** Newest first. */
  syncTasks(filter: SyncTaskFilter): Promise<readonly SyncTaskView[]>
}

/** Rows of one table of a former registry. */
export type ImportedRows<T extends KeptTable = KeptTable> = {
  readonly table: T
  readonly rows: readonly KeptRow<T>[]
  /** What differs is replaced, where that can be. */
  readonly overwrite: boolean
  /** Nothing is written. */
  readonly dryRun: boolean
  /** Now, epoch milliseconds. */
  readonly at: number
}

/** Takes over what a former registry kept. Rejects as JournalStore does. */
export interface ImportStore {
  /** Resolves with what became of each row, in their order; all that it writes is written together. */
  importRows<T extends KeptTable>(rows: ImportedRows<T>): Promise<readonly ImportEnd[]>
}

/** How far the split of a service is. */
export type StoredSplit = {
  readonly service: string
  readonly phase: string
  /** JSON. */
  readonly state: string
  /** When it changed last, epoch milliseconds. */
  readonly at: number
}

/** The splits of services. Rejects as JournalStore does. */
export interface RoutingSplitStore {
  /** All of it or nothing; what is known of a service is replaced. */
  saveRoutingSplits(splits: readonly StoredSplit[], term?: OnlyUnder): Promise<void>
  routingSplits(): Promise<readonly StoredSplit[]>
}

/** A signed release of the agent; its file lies beside the store. */
export type StoredRelease = {
  readonly version: string
  readonly sha256: string
  readonly bytes: number
  /** JSON. */
  readonly signed: string
  readonly author: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** How far a rollout of a release is. */
export type StoredRollout = {
  readonly id: number
  readonly scope: string
  readonly version: string
  readonly phase: string
  /** JSON. */
  readonly state: string
  /** When it changed last, epoch milliseconds. */
  readonly at: number
}

/** Releases of agents and their rollouts. Rejects as JournalStore does. */
export interface UpgradeStore {
  /** What is known of a version is replaced. @param drop versions that go, in the same transaction */
  saveRelease(release: StoredRelease, drop: readonly string[], term?: OnlyUnder): Promise<void>
  /** The oldest first. */
  releases(): Promise<readonly StoredRelease[]>
  /** All of it or nothing; what is known of a rollout is replaced. @param most of those that are over, what `rollouts(most)` does not name goes */
  saveRollouts(rollouts: readonly StoredRollout[], most: number, term?: OnlyUnder): Promise<void>
  /** Those that are not over before all others, then newest first. */
  rollouts(limit: number): Promise<readonly StoredRollout[]>
}

/** The versions of the routing declaration. Rejects as JournalStore does. */
export interface RoutingVersionStore {
  /** @param files JSON. Resolves with its number, which is greater than that of any version before it. */
  addRoutingVersion(version: Omit<StoredVersion, 'number'>, files: string, term?: OnlyUnder): Promise<number>
  /** All of it or nothing. */
  changeRoutingVersions(changes: readonly VersionChange[], term?: OnlyUnder): Promise<void>
  /** Newest first. `before`: only those with a smaller number. */
  routingVersions(page: {
    readonly before: number | undefined
    readonly limit: number
  }): Promise<readonly StoredVersion[]>
  routingVersion(number: number): Promise<(StoredVersion & { readonly files: string }) | undefined>
  /** The newest one of a state, of a source or with a hash. */
  newestRoutingVersion(
    about: Partial<Pick<StoredVersion, 'state' | 'source' | 'hash'>>,
  ): Promise<(StoredVersion & { readonly files: string }) | undefined>
}

/** Who leads, as the store says. */
export type Leadership = Term & {
  /** For people: which plane it is; empty: nobody has led yet. */
  readonly holder: string
  /** How long it lasts unless it is renewed, milliseconds by the store's clock; 0 or less: it has ended. */
  readonly leftMs: number
}

export type LeadershipClaim = {
  readonly run: string
  readonly holder: string
  readonly forMs: number
  /** A new leadership gets a greater epoch than this, where somebody else remembers one that the store forgot. */
  readonly above?: number
}

/** The row that decides who leads, by the clock of the store. Rejects as JournalStore does. */
export interface LeadershipStore {
  /** Renews the leadership of `run`, or begins it if nobody's lasts. Resolves with who leads after that. */
  claimLeadership(claim: LeadershipClaim): Promise<Leadership>
  /** Ends the leadership of `run`, if it is its own. */
  resignLeadership(run: string): Promise<void>
  leadership(): Promise<Leadership>
}

/** The planes that share the store. Rejects as JournalStore does. */
export interface ReplicaStore {
  /** Says that a replica lives, and forgets others that were not seen for `keptMs`. Resolves with all that are known after that. */
  beatReplica(replica: Replica, keptMs: number): Promise<readonly StoredReplica[]>
  /** Forgets a replica that has ended. */
  dropReplica(run: string): Promise<void>
  /** The oldest first. */
  replicas(): Promise<readonly StoredReplica[]>
}

/** What a store that several planes share has besides. */
export type Sharing = {
  /** Calls `hear` with a revision soon after somebody appended it; a hint, which may fail to come. Returns how to stop. */
  readonly onAppended: (hear: (revision: number) => void) => () => void
}

/** SQLite is one, PostgreSQL the other. */
export interface Store
  extends JournalStore,
    TableStore,
    SyncTaskStore,
    ImportStore,
    RoutingVersionStore,
    RoutingSplitStore,
    UpgradeStore,
    LeadershipStore,
    ReplicaStore,
    IdentityStore,
    AccessStore,
    PeopleStore,
    AuditStore,
    EnvironmentStore,
    AsyncDisposable {
  /** Generated once, when the store was made. */
  readonly installation: string
  /** For messages: the file, or the database. */
  readonly name: string
  /** Undefined: nobody else writes to it. */
  readonly sharing?: Sharing
}
