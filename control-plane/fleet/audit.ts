/** What is written down of a change: by whom, from where, what it was and what it became, and why. Texts only; nothing in it is secret. */
export type AuditDraft = {
  /** Epoch milliseconds. */
  readonly at: number
  readonly caller: string
  /** The address that it came from. */
  readonly from: string
  /** `PUT /v1/nodes/:id/admission` */
  readonly operation: string
  /** `node:n-abc` */
  readonly subject: string
  /** JSON, or empty. */
  readonly before: string
  readonly after: string
  readonly why: string
}

/** A row with its place in the chain. */
export type StoredAudit = AuditDraft & {
  readonly seq: number
  /** Of the row before it and of this one, base64url. */
  readonly hash: string
}

/** Where a chain stands: the newest row, and the newest one of those that are dropped. */
export type AuditChain = {
  readonly head: { readonly seq: number; readonly hash: string }
  readonly dropped: { readonly seq: number; readonly hash: string }
}

/** The audit. Rejects as JournalStore does. */
export interface AuditStore {
  /** Rows that belong to no other write. Resolves with the number of the last one. */
  appendAudit(rows: readonly AuditDraft[]): Promise<number>
  /** Rows after a number, oldest first. */
  readAudit(after: number, limit: number): Promise<readonly StoredAudit[]>
  auditChain(): Promise<AuditChain>
  /** Drops rows from before a time, oldest first, at most `limit`, never the newest; the hash of the last one stays. Resolves with how many went. */
  dropAudit(before: number, limit: number): Promise<number>
  /**
   * Does one of the store's methods with audit rows, all of it or nothing. Nothing is written down where it changed nothing.
   * @param method one that writes in one transaction
   */
  audited(method: string, args: readonly unknown[], rows: readonly AuditDraft[]): Promise<unknown>
}
