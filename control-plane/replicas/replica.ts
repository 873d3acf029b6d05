import type { Replica, StoredReplica } from '../fleet/replica.ts'

/** A replica as it was when the store was last asked. */
export type ReplicaSeen = StoredReplica & {
  readonly self: boolean
  /** It said so lately. One that hangs, or has lost the store, does not; it may still hold its agents' sessions. */
  readonly alive: boolean
}

/** Who has not been seen for longer does not count as alive. Several beats may be late. */
export const aliveForMs = 5_000

/**
 * All replicas, the oldest first, this one included whether the store knows it yet or not.
 * @param self as it is now
 * @param forMs since it came
 */
export function replicasSeen(rows: readonly StoredReplica[], self: Replica, forMs: number): readonly ReplicaSeen[] {
  const others = rows.filter(({ run }) => run !== self.run)
  const all = [...others, { ...self, agoMs: 0, forMs }].map((row) => ({
    ...row,
    self: row.run === self.run,
    alive: row.run === self.run || row.agoMs < aliveForMs,
  }))
  return all.sort((a, b) => b.forMs - a.forMs || (a.run < b.run ? -1 : 1))
}

/** Whether somebody who watches the replicas has to hear of it: who there is, who lives, who leaves, and where it is asked. */
export function isOtherSet(before: readonly ReplicaSeen[], after: readonly ReplicaSeen[]): boolean {
  const words = (all: readonly ReplicaSeen[]) =>
    all
      .map(({ run, alive, state, api }) => `${run} ${alive} ${state} ${api}`)
      .sort()
      .join('\n')
  return words(before) !== words(after)
}
