import { Departed } from '../fleet/departed.ts'
import { readEntries } from './replay.ts'
import type { JournalStore } from './store.ts'

/** So many entries before a snapshot are looked through. */
const most = 10_000
const atOnce = 500

/** Who had departed by a snapshot: it does not stand there, and may still be shown somewhere. */
export async function recallDeparted(store: JournalStore, snapshot: number): Promise<Departed> {
  const departed = new Departed()
  let after = Math.max(0, snapshot - most)
  while (after < snapshot) {
    const entries = (await readEntries(store, after, atOnce)).filter(({ revision }) => revision <= snapshot)
    departed.recall(entries)
    after = entries.at(-1)?.revision ?? snapshot
  }
  return departed
}
