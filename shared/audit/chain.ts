import { createHash } from 'node:crypto'

/** One row of the audit, as it is hashed. `at` is ISO 8601. */
export type ChainedRow = {
  readonly seq: number
  readonly at: string
  readonly caller: string
  readonly from: string
  readonly operation: string
  readonly subject: string
  readonly before: string
  readonly after: string
  readonly why: string
}

export type HashedRow = ChainedRow & { readonly hash: string }

/** A place in the chain: a row's number, and the hash of it and of all before it. */
export type ChainPlace = { readonly seq: number; readonly hash: string }

/** Before the first row. */
export const chainStart: ChainPlace = { seq: 0, hash: '' }

/** SHA-256 of the hash before and of the row, base64url. Each text goes with its length, so that nothing can move from one to the next. */
export function rowHash(previous: string, row: ChainedRow): string {
  const { seq, at, caller, from, operation, subject, before, after, why } = row
  const texts = [previous, String(seq), at, caller, from, operation, subject, before, after, why]
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url')
}

export type Broken = {
  readonly seq: number
  /** `changed`: the row, or one before it, is not as it was written · `missing`: there is a gap before it. */
  readonly kind: 'changed' | 'missing'
}

/** Follows the chain over some rows. The place that it reached, or the first row at which it is broken. */
export function followChain(from: ChainPlace, rows: readonly HashedRow[]): ChainPlace | Broken {
  let at = from
  for (const row of rows) {
    if (row.seq !== at.seq + 1) return { seq: row.seq, kind: 'missing' }
    if (rowHash(at.hash, row) !== row.hash) return { seq: row.seq, kind: 'changed' }
    at = { seq: row.seq, hash: row.hash }
  }
  return at
}
