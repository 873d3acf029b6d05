import { pause } from '#shared/lifecycle/repeat.ts'
import { nextIndex } from '../consul/blocking.ts'
import type { ConsulClient } from '../consul/client.ts'
import { ownerKey } from './names.ts'

export type WatchOptions = {
  readonly consul: ConsulClient
  readonly owner: string
  /** The least time between two wakes, as it is now. */
  readonly gapMs: () => number
  /** The index of our own last write. */
  readonly ownIndex: () => number
  /** Resolves when the datacenter can be asked. */
  readonly reachable: () => Promise<void>
  /** Resolves when there is nothing better to do than to watch. */
  readonly calm: () => Promise<void>
  /** Who answered is gone, or counts anew: it may be another one by now, or have lost what it knew. */
  readonly onInterrupted: () => void
  readonly signal: AbortSignal
}

const waitMs = 60_000
const ownAnswerMs = 50

/**
 * Calls `wake` when somebody has changed something among the services on our nodes: by one blocking query for the whole datacenter. It
 * is a hint only; what it misses, the next full comparison finds.
 */
export async function watchCatalogue(
  { consul, owner, gapMs, ownIndex, reachable, calm, onInterrupted, signal }: WatchOptions,
  wake: () => void,
): Promise<void> {
  let index = 0
  while (!signal.aborted) {
    await reachable()
    // The first answer comes at once: what changes from there on is not missed.
    if (index !== 0) await calm()
    try {
      const answered = await consul.watchServices({ key: ownerKey, value: owner }, index, waitMs, signal)
      const next = nextIndex(index, answered)
      // The answer to a write of ours may be on its way still.
      if (next !== index && index !== 0) await pause(ownAnswerMs, signal)
      // It went back, or it moved by the hand of somebody else.
      if (next === 0 && index !== 0) onInterrupted()
      const theirs = next === 0 || (index !== 0 && next !== index && next > ownIndex())
      index = next
      if (!theirs) {
        // A query that ends at once again and again must not spin.
        if (next === 0) await pause(gapMs(), signal)
        continue
      }
      wake()
    } catch {
      // Who writes and compares will notice and tell; here nothing is known but that we must ask anew.
      if (index !== 0 && !signal.aborted) onInterrupted()
      index = 0
    }
    await pause(gapMs(), signal)
  }
}
