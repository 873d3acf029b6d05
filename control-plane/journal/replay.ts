import { Failure } from '#shared/failure/failure.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { JournalEntry } from '../fleet/event.ts'
import type { FleetState } from '../fleet/state.ts'
import type { SnapshotMark } from './retention.ts'
import type { JournalStore } from './store.ts'
import { decodeEntry, type StoredEntry } from './stored-event.ts'
import { StateReader } from './stored-state.ts'

/** Entries read and applied in one go: some three milliseconds. */
const entriesInBatch = 500

/** What a journal is replayed into. */
export type ReplayTarget = {
  readonly restore: (state: FleetState) => void
  readonly apply: (entries: readonly JournalEntry[]) => unknown
}

export type Replayed = {
  readonly revision: number
  /** The snapshot that was used; undefined: all entries from the first one. */
  readonly snapshot: SnapshotMark | undefined
  readonly entries: number
}

export type ReplayOptions = {
  readonly log: Logger
  /** The last revision to be replayed. */
  readonly until: number
  /** Entries read and applied in one go. */
  readonly batch?: number
}

/**
 * Gives an empty target the newest readable snapshot up to `until` and the entries that follow it, piece by piece, so that the event loop
 * is never held up for long. What comes out is what the whole journal gives.
 * Rejects with STORE_CORRUPT if there is a gap, or STORE_TOO_NEW.
 */
export async function replay(
  store: JournalStore,
  target: ReplayTarget,
  { log, until, batch = entriesInBatch }: ReplayOptions,
): Promise<Replayed> {
  const snapshot = await restoreSnapshot(store, target, until, log)
  const from = snapshot?.revision ?? 0
  const read = (after: number) => {
    const entries = after < until ? store.read(after, Math.min(batch, until - after)) : Promise.resolve([])
    // If the batch before it fails, nobody waits for this one.
    entries.catch(() => {})
    return entries
  }
  let revision = from
  let entries = 0
  let next = read(revision)
  while (revision < until) {
    const stored = (await next).filter((entry) => entry.revision <= until)
    // The moment wanted is one that was lost: the journal was restored, and goes on after it.
    if (stored.length === 0 && (await isPassedOver(store, revision, until))) break
    revision = checkedEnd(stored, revision, until)
    // While these are reduced, the next ones are read.
    next = read(revision)
    target.apply(stored.map(decodeEntry))
    entries += stored.length
  }
  return { revision, snapshot, entries }
}

/** The entries after a revision, decoded. Rejects with STORE_TOO_NEW or STORE_CORRUPT. */
/** @param tenant only those whose subject was its own */
export async function readEntries(
  store: JournalStore,
  after: number,
  limit: number,
  tenant?: string,
): Promise<readonly JournalEntry[]> {
  return (await store.read(after, limit, tenant)).map(decodeEntry)
}

async function restoreSnapshot(
  store: JournalStore,
  target: ReplayTarget,
  until: number,
  log: Logger,
): Promise<SnapshotMark | undefined> {
  for (const mark of await store.snapshots()) {
    if (mark.revision > until) continue
    const state = await readSnapshot(store, mark).catch((error: unknown) => {
      if (!(error instanceof Failure) || error.code !== 'STORE_CORRUPT') throw error
      warn(log, 'a snapshot cannot be read; an older one is used')(error)
      return undefined
    })
    if (!state) continue
    target.restore(state)
    return mark
  }
  return undefined
}

async function readSnapshot(store: JournalStore, { revision, version, parts }: SnapshotMark): Promise<FleetState> {
  const reader = new StateReader(revision, version)
  let next = parts > 0 ? store.snapshotPart(revision, 0) : undefined
  for (let part = 0; part < parts; part += 1) {
    const body = await next
    if (body === undefined) throw new Failure('STORE_CORRUPT', `Part ${part} of snapshot ${revision} is missing.`)
    next = part + 1 < parts ? store.snapshotPart(revision, part + 1) : undefined
    next?.catch(() => {})
    reader.add(body)
  }
  return reader.state()
}

/** Whether no revision from `after` to `until` was kept, since the journal was restored from a backup that ended at `after`. */
async function isPassedOver(store: JournalStore, after: number, until: number): Promise<boolean> {
  const [next] = await store.read(after, 1)
  return next !== undefined && next.revision > until && follows(next, after)
}

/** The last revision of a batch that continues `after` without a gap. */
function checkedEnd(stored: readonly StoredEntry[], after: number, until: number): number {
  if (stored.length === 0) {
    throw new Failure('STORE_CORRUPT', `The journal ends at revision ${after}; ${until} was expected.`)
  }
  let last = after
  for (const entry of stored) {
    if (!follows(entry, last)) throw new Failure('STORE_CORRUPT', `The journal has no revision ${last + 1}.`)
    last = entry.revision
  }
  return last
}

/** Whether an entry is the one that comes after a revision. */
function follows(entry: StoredEntry, after: number): boolean {
  if (entry.revision === after + 1) return true
  const { event } = entry.kind === 'restored' ? decodeEntry(entry) : { event: undefined }
  return event?.change.kind === 'restored' && event.change.from === after
}
