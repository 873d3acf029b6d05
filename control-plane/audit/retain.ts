import type { AuditStore } from '../fleet/audit.ts'

const rowsAtOnce = 1_000
/** No longer in one go: what is left goes the next time. */
const mostTurns = 50

/** Drops what is older than it is kept for. Resolves with how many rows went; rejects as the store does. */
export async function retainAudit(store: Pick<AuditStore, 'dropAudit'>, before: number): Promise<number> {
  let gone = 0
  for (let turn = 0; turn < mostTurns; turn += 1) {
    const some = await store.dropAudit(before, rowsAtOnce)
    gone += some
    if (some < rowsAtOnce) break
  }
  return gone
}
