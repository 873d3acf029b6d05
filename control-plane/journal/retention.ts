const dayMs = 24 * 3_600_000

export type SnapshotMark = {
  readonly revision: number
  readonly at: number
  readonly version: number
  readonly parts: number
}

/**
 * The snapshots to keep: the two newest (one may prove unreadable) and, within the retention, the first of each UTC day, so that the
 * state of any moment kept is at most a day of events away from one. The others may go.
 */
export function keptSnapshots(
  snapshots: readonly SnapshotMark[],
  now: number,
  retentionMs: number,
): readonly SnapshotMark[] {
  const inOrder = snapshots.toSorted((a, b) => a.revision - b.revision)
  const newest = new Set(inOrder.slice(-2))
  const days = new Set<number>()
  return inOrder.filter((snapshot) => {
    const day = Math.floor(snapshot.at / dayMs)
    const firstOfDay = !days.has(day)
    days.add(day)
    return newest.has(snapshot) || (firstOfDay && snapshot.at >= now - retentionMs)
  })
}

/**
 * The last revision that may be dropped from the journal: nothing after the oldest kept snapshot, and nothing within the retention.
 * @param revisionAtCutoff the revision before the first event within the retention
 */
export function droppableUpTo(kept: readonly SnapshotMark[], revisionAtCutoff: number): number {
  if (kept.length === 0) return 0
  return Math.min(revisionAtCutoff, ...kept.map(({ revision }) => revision))
}

export type SnapshotPace = { readonly everyEvents: number; readonly withinMs: number }

/**
 * Whether a snapshot should be taken. A large fleet is not written whole for a few events: as many events as beliefs must have come.
 * @param events since the newest snapshot
 * @param sinceMs age of the newest snapshot
 */
export function isSnapshotDue(events: number, beliefs: number, sinceMs: number, pace: SnapshotPace): boolean {
  if (events === 0) return false
  return events >= Math.max(pace.everyEvents, beliefs) || sinceMs >= pace.withinMs
}
