import type { Transaction } from 'kysely'
import type { ImportEnd, KeptRow, KeptTable } from '#shared/protocol/registry-import.ts'
import type { Schema } from '../schema.ts'

/** What an import wants of the rows of one table. */
export type ImportWish<T extends KeptTable> = {
  readonly rows: readonly KeptRow<T>[]
  readonly overwrite: boolean
  readonly dryRun: boolean
  /** ISO 8601: now. */
  readonly now: string
}

export type Importer<T extends KeptTable> = (
  transaction: Transaction<Schema>,
  wish: ImportWish<T>,
) => Promise<readonly ImportEnd[]>

/** When it was made and changed, as the former registry says, or else now. */
export function timesOf(
  {
    created_at: created,
    updated_at: updated,
  }: { readonly created_at?: string | undefined; readonly updated_at?: string | undefined },
  now: string,
) {
  return { created_at: created ?? now, updated_at: updated ?? created ?? now }
}
