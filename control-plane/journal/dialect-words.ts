import { type Kysely, PostgresAdapter, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Schema } from './schema.ts'

/** Where it is told that the journal has grown. */
export const appendedChannel = 'heddle_appended'

export function isPostgresql(db: Pick<Kysely<unknown>, 'getExecutor'>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}

/** The database's clock, epoch milliseconds. */
export function databaseNow(db: Pick<Kysely<unknown>, 'getExecutor'>): RawBuilder<number> {
  return isPostgresql(db)
    ? sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`
    : sql<number>`cast(unixepoch('subsec') * 1000 as integer)`
}

/** Numbers of locks that belong to transactions. Nobody else in the database should have these. */
const turns = {
  migrations: 0x6865_0001,
  sync_tasks: 0x6865_0002,
  routing_versions: 0x6865_0003,
  tables: 0x6865_0004,
  authorities: 0x6865_0005,
  api_tokens: 0x6865_0006,
  access_tries: 0x6865_0007,
  environments: 0x6865_0011,
  users: 0x6865_000c,
} as const

/** For locks of planes that run. */
const lockMs = 60_000

/** Lets a transaction that begins take as long as it needs, and wait for locks up to a minute. */
export async function unbound(transaction: Kysely<Schema>): Promise<void> {
  if (!isPostgresql(transaction)) return
  const limits = ['statement_timeout = 0', 'idle_in_transaction_session_timeout = 0', `lock_timeout = ${lockMs}`]
  for (const limit of limits) await sql`set local ${sql.raw(limit)}`.execute(transaction)
}

/** Lets one transaction at a time go on from here, over all planes; the others wait. In SQLite there is only one. */
export async function takeTurn(transaction: Transaction<Schema>, purpose: keyof typeof turns): Promise<void> {
  if (isPostgresql(transaction))
    await sql`select pg_advisory_xact_lock(${sql.lit(turns[purpose])})`.execute(transaction)
}

/** Tells others, once this transaction is committed, that the journal has grown. */
export async function tellAppended(transaction: Transaction<Schema>, revision: number): Promise<void> {
  if (!isPostgresql(transaction)) return
  await sql`select pg_notify(${sql.lit(appendedChannel)}, ${sql.lit(String(revision))})`.execute(transaction)
}
