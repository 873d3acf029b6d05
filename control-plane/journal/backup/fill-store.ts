import { sql, type Transaction } from 'kysely'
import type { Values } from '#shared/backup/format.ts'
import { Failure } from '#shared/failure/failure.ts'
import { isPostgresql } from '../dialect-words.ts'
import { leadershipQueries } from '../queries/leadership-queries.ts'
import type { Schema } from '../schema.ts'
import { countOf, type Table, type TableColumns } from './table-rows.ts'

/** A new store has nothing in these. */
const emptyAtFirst = [
  'journal',
  'snapshots',
  'service_registry',
  'routing_versions',
  'sync_tasks',
  'alert_records',
] as const

type AnySchema = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Rows and bytes in one statement: PostgreSQL takes 65,535 parameters, and the widest table has 18 columns. */
const atOnce = { rows: 500, characters: 4 * 1024 * 1024 }

/** Rejects with STORE_IN_USE if a plane works on the store, with STORE_NOT_EMPTY if it holds something. Whoever appends waits from here on. */
export async function needEmpty(transaction: Transaction<Schema>, name: string): Promise<void> {
  const { revision } = await transaction
    .updateTable('journal_head')
    .set((row) => ({ revision: row.ref('revision') }))
    .returning('revision')
    .executeTakeFirstOrThrow()
  const { leftMs, holder } = await leadershipQueries(transaction).leadership()
  if (leftMs > 0) throw new Failure('STORE_IN_USE', `The control plane ${holder} works on ${name}.`)
  if (revision > 0) throw new Failure('STORE_NOT_EMPTY', `${name} holds a journal up to revision ${revision}.`)
  for (const table of emptyAtFirst) {
    const rows = await countOf(transaction, table)
    if (rows > 0) throw new Failure('STORE_NOT_EMPTY', `${name} holds ${rows} rows of ${table}.`)
  }
}

/** Writes rows into a table, some at a time. Rejects with what the database says. */
export async function insertRows(
  transaction: Transaction<Schema>,
  { table, columns }: TableColumns,
  rows: readonly Values[],
): Promise<void> {
  let some: Record<string, unknown>[] = []
  let characters = 0
  const flush = async () => {
    if (some.length === 0) return
    await transaction.withTables<AnySchema>().insertInto(table).values(some).execute()
    some = []
    characters = 0
  }
  for (const row of rows) {
    some.push(Object.fromEntries(columns.map((column, index) => [column, row[index]])))
    for (const value of row) if (typeof value === 'string') characters += value.length
    if (some.length >= atOnce.rows || characters >= atOnce.characters) await flush()
  }
  await flush()
}

/** Lets the database go on after the greatest number that was written. */
export async function numberOn(transaction: Transaction<Schema>, table: Table): Promise<void> {
  if (!isPostgresql(transaction)) return
  await sql`select setval(pg_get_serial_sequence(${sql.lit(table)}, 'id'), coalesce(max(id), 1), max(id) is not null)
    from ${sql.table(table)}`.execute(transaction)
}
