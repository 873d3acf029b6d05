import { type Kysely, sql, type Transaction } from 'kysely'
import { Failure } from '#shared/failure/failure.ts'
import { isPostgresql } from './dialect-words.ts'
import { leadershipQueries } from './leadership-queries.ts'
import type { Schema } from './schema.ts'

type Table = keyof Schema

/** How each table is copied: `whole` replaces what a new store has, `numbered` goes along the id, so that any number of rows is copied. */
const tables: Readonly<Record<Table, 'whole' | 'numbered' | 'along revision' | 'left'>> = {
  installation: 'whole',
  journal_head: 'whole',
  table_cursor: 'whole',
  journal: 'along revision',
  snapshots: 'whole',
  snapshot_parts: 'along revision',
  service_registry: 'numbered',
  cluster_nodes: 'numbered',
  service_metrics: 'numbered',
  alert_rules: 'numbered',
  alert_records: 'numbered',
  cluster_configs: 'numbered',
  service_configs: 'numbered',
  cluster_users: 'numbered',
  user_sessions: 'numbered',
  sync_tasks: 'numbered',
  routing_versions: 'numbered',
  routing_splits: 'whole',
  // Who leads is decided anew.
  leadership: 'left',
  // The planes that run say so themselves.
  replicas: 'left',
}

/** Columns that one database gives as numbers and the other takes as booleans. */
const flags: ReadonlySet<string> = new Set(['enabled', 'resolved', 'is_encrypted'])
/** PostgreSQL takes 65,535 parameters in a statement; the widest table has 18 columns. */
const rowsAtOnce = 500

export type Copied = Readonly<Record<string, number>>

type Row = Readonly<Record<string, unknown>>
type Any = Readonly<Record<string, Row>>

/**
 * Copies all that a store holds into one that holds nothing, who it is included, in one transaction. Resolves with how many rows each table
 * has, counted in both. Rejects with STORE_IN_USE if the other one holds something.
 */
export async function copyStore(from: Kysely<Schema>, to: Kysely<Schema>, name: string): Promise<Copied> {
  return to.transaction().execute(async (transaction) => {
    if (isPostgresql(transaction)) {
      await sql`set local statement_timeout = 0`.execute(transaction)
      await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction)
    }
    await needEmpty(transaction, name)
    const copied: Record<string, number> = {}
    for (const [table, way] of Object.entries(tables) as [Table, (typeof tables)[Table]][]) {
      if (way === 'left') continue
      await transaction.deleteFrom(table).execute()
      for await (const rows of rowsOf(from, table, way)) await put(transaction, table, rows)
      if (way === 'numbered' && isPostgresql(transaction)) await numberOn(transaction, table)
      copied[table] = await sameCount(from, transaction, table)
    }
    return copied
  })
}

async function needEmpty(transaction: Transaction<Schema>, name: string): Promise<void> {
  // Whoever appends waits from here on.
  const { revision } = await transaction
    .updateTable('journal_head')
    .set((row) => ({ revision: row.ref('revision') }))
    .returning('revision')
    .executeTakeFirstOrThrow()
  const { leftMs, holder } = await leadershipQueries(transaction).leadership()
  if (leftMs > 0) throw new Failure('STORE_IN_USE', `The control plane ${holder} works on ${name}.`)
  if (revision === 0) return
  const remedy = 'Import into a new database; nothing was changed.'
  throw new Failure('STORE_IN_USE', `${name} holds a journal up to revision ${revision} already.`, { remedy })
}

async function* rowsOf(
  from: Kysely<Schema>,
  table: Table,
  way: 'whole' | 'numbered' | 'along revision',
): AsyncGenerator<readonly Row[]> {
  const db = from.withTables<Any>()
  if (way === 'whole') {
    yield await db.selectFrom(table).selectAll().execute()
    return
  }
  const key = way === 'numbered' ? 'id' : 'revision'
  const parts = table === 'snapshot_parts'
  for (let after: readonly unknown[] = [0, -1]; ; ) {
    const [last, part] = after
    const next = parts ? sql<boolean>`(revision, part) > (${last}, ${part})` : sql<boolean>`${sql.ref(key)} > ${last}`
    let query = db.selectFrom(table).selectAll().where(next).orderBy(key)
    if (parts) query = query.orderBy('part')
    // A part of a snapshot is some 100 KiB.
    const rows = await query.limit(parts ? 20 : rowsAtOnce).execute()
    const end = rows.at(-1)
    if (!end) return
    yield rows
    after = [end[key], end.part]
  }
}

async function put(transaction: Transaction<Schema>, table: Table, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  const values = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([column, value]) => [column, flags.has(column) ? Boolean(value) : value]),
    ),
  )
  await transaction.withTables<Any>().insertInto(table).values(values).execute()
}

/** Lets the database go on after the greatest number that was copied. */
async function numberOn(transaction: Transaction<Schema>, table: Table): Promise<void> {
  await sql`select setval(pg_get_serial_sequence(${sql.lit(table)}, 'id'), coalesce(max(id), 1), max(id) is not null)
    from ${sql.table(table)}`.execute(transaction)
}

async function sameCount(from: Kysely<Schema>, to: Transaction<Schema>, table: Table): Promise<number> {
  const [there, here] = await Promise.all([countOf(from, table), countOf(to, table)])
  if (there === here) return here
  throw new Failure('STORE_CORRUPT', `${there} rows of ${table} became ${here}; nothing was imported.`)
}

async function countOf(db: Kysely<Schema>, table: Table): Promise<number> {
  const { rows } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return Number(rows)
}
