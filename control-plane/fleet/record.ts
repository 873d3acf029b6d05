import type { AuditDraft } from './audit.ts'
import type { Change } from './event.ts'
import type { Outcome } from './fleet.ts'

export type RecordOptions = {
  /** `agent:<node>`, `client:<id>`, `operator:<name>` or `plane:<run>`. */
  readonly by: string
  /** See `FleetEvent.seen`. */
  readonly seen?: number
  /** Only who leads decides this: where planes share a store it is recorded under the leadership of this one, else rejected with LEADERSHIP_LOST. */
  readonly leading?: boolean
  /** What the audit keeps of it, written with it. */
  readonly audit?: AuditDraft
}

/**
 * Appends a change to the journal and reduces it. Resolves once it is on disk and applied, with what became of it; rejects
 * with STORE_UNAVAILABLE when it could not be made durable (then nothing happened). Calls in one tick share a commit.
 */
export type RecordChange = (change: Change, options: RecordOptions) => Promise<Outcome>
