import type { FleetState } from '../fleet/state.ts'
import { droppableUpTo, keptSnapshots, type SnapshotMark } from './retention.ts'
import type { JournalStore, Term } from './store.ts'
import { encodeState, stateVersion } from './stored-state.ts'

/** What is dropped in one statement: a few milliseconds, so that no append waits for long. */
const entriesAtOnce = 2_000
const partsAtOnce = 20

type Compacted = Pick<
  JournalStore,
  'snapshots' | 'revisionAt' | 'saveSnapshotPart' | 'finishSnapshot' | 'dropSnapshot' | 'dropParts' | 'dropEntries'
>

/**
 * The store for what only a leader does to it.
 * @param term the one of that moment, asked for each step; may throw LEADERSHIP_LOST
 */
export function underLeadership(store: Compacted, term: () => Term | undefined): Compacted {
  return {
    snapshots: store.snapshots,
    revisionAt: store.revisionAt,
    saveSnapshotPart: async (revision, part, body) => store.saveSnapshotPart(revision, part, body, term()),
    finishSnapshot: async (mark) => store.finishSnapshot(mark, term()),
    dropSnapshot: async (revision) => store.dropSnapshot(revision, term()),
    dropParts: async (limit) => store.dropParts(limit, term()),
    dropEntries: async (upTo, limit) => store.dropEntries(upTo, limit, term()),
  }
}

/** Stores a state as the newest snapshot. It counts when all its parts are there; what a crash leaves behind is dropped. */
export async function saveSnapshot(
  store: Pick<Compacted, 'saveSnapshotPart' | 'finishSnapshot' | 'dropParts'>,
  state: FleetState,
  now: number,
  stop: AbortSignal,
): Promise<SnapshotMark> {
  // A crash may have left parts of this very revision.
  await untilNothing(() => store.dropParts(partsAtOnce), stop)
  let parts = 0
  for (const body of encodeState(state)) {
    stop.throwIfAborted()
    await store.saveSnapshotPart(state.revision, parts, body)
    parts += 1
  }
  const mark = { revision: state.revision, at: now, version: stateVersion, parts }
  await store.finishSnapshot(mark)
  return mark
}

export type Pruned = { readonly snapshots: number; readonly entries: number }

/** Drops snapshots and entries that are no longer kept, and parts of snapshots that were never finished. Not while one is being saved. */
export async function prune(
  store: Compacted,
  { now, retentionMs, stop }: { readonly now: number; readonly retentionMs: number; readonly stop: AbortSignal },
): Promise<Pruned> {
  const snapshots = await store.snapshots()
  const kept = keptSnapshots(snapshots, now, retentionMs)
  const upTo = droppableUpTo(kept, await store.revisionAt(now - retentionMs))
  const gone = snapshots.filter((snapshot) => !kept.includes(snapshot))
  for (const { revision } of gone) await store.dropSnapshot(revision)
  await untilNothing(() => store.dropParts(partsAtOnce), stop)
  const entries = await untilNothing(() => store.dropEntries(upTo, entriesAtOnce), stop)
  return { snapshots: gone.length, entries }
}

async function untilNothing(drop: () => Promise<number>, stop: AbortSignal): Promise<number> {
  let total = 0
  while (!stop.aborted) {
    const dropped = await drop()
    if (dropped === 0) break
    total += dropped
  }
  return total
}
