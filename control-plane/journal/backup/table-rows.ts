import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Values } from '#shared/backup/format.ts'
import type { Schema } from '../schema.ts'

export type Table = keyof Schema

/** The columns by which each table is in order, which no two rows share; none: it is not backed up. */
const keys: Readonly<Record<Table, readonly string[]>> = {
  installation: ['id'],
  journal_head: ['id'],
  table_cursor: ['id'],
  leadership: ['id'],
  journal: ['revision'],
  snapshots: ['revision'],
  snapshot_parts: ['revision', 'part'],
  service_registry: ['id'],
  cluster_nodes: ['id'],
  service_metrics: ['id'],
  alert_rules: ['id'],
  alert_records: ['id'],
  cluster_configs: ['id'],
  service_configs: ['id'],
  cluster_users: ['id'],
  user_sessions: ['id'],
  sync_tasks: ['id'],
  routing_versions: ['id'],
  routing_splits: ['id'],
  // Keys in them are sealed with a secret that is in no backup.
  authorities: ['id'],
  identities: ['id'],
  revocations: ['id'],
  // A restore ends all of them: one that was taken back since would count again.
  api_tokens: ['id'],
  audit: ['id'],
  audit_head: ['id'],
  environments: ['id'],
  // Their files are in no backup: they are added again, from where they were signed.
  releases: ['id'],
  upgrade_rollouts: ['id'],
  // The planes that run say so themselves.
  replicas: [],
  // One that came back could be used once more than was meant.
  enrolment_tokens: [],
  access_tries: [],
  sign_in_links: [],
  sign_ins: [],
}

/** Every table of the schema, in the order in which they stand in a backup. */
export const tables = (Object.keys(keys) as readonly Table[]).filter((table) => keys[table].length > 0)

/** Tables that may be left out: those that only tell of the past, and are many rows. */
export const optionalTables = ['service_metrics'] as const satisfies readonly Table[]

/** Tables with rows that the database numbers. */
export const numbered: ReadonlySet<Table> = new Set(
  tables.filter(
    (table) =>
      keys[table].join() === 'id' &&
      !/^(installation|journal_head|table_cursor|leadership|audit|audit_head)$/.test(table),
  ),
)

/** Columns that one database gives as numbers and the other takes as booleans. */
const flags: ReadonlySet<string> = new Set(['enabled', 'resolved', 'is_encrypted'])

/** Rows of some hundred bytes are read many at once, parts of snapshots and whole declarations few. */
const rowsAtOnce: Partial<Readonly<Record<Table, number>>> = { snapshot_parts: 10, routing_versions: 4, sync_tasks: 20 }
const usualRows = 500

type AnyRow = Readonly<Record<string, unknown>>
type AnySchema = Readonly<Record<string, AnyRow>>

export type TableColumns = { readonly table: Table; readonly columns: readonly string[] }

/** The tables that a store has, and their columns in an order of their own. An older schema has fewer. */
export async function tablesOf(db: Kysely<Schema>): Promise<readonly TableColumns[]> {
  const found = new Map((await db.introspection.getTables()).map(({ name, columns }) => [name, columns]))
  return tables.flatMap((table) => {
    const columns = found.get(table)
    return columns ? [{ table, columns: columns.map(({ name }) => name).sort() }] : []
  })
}

/** The rows of a table in order, page by page: the same for both kinds of store. */
export async function* rowsOf(
  db: Kysely<Schema>,
  { table, columns }: TableColumns,
): AsyncGenerator<readonly Values[], void, undefined> {
  const key = keys[table]
  const from = db.withTables<AnySchema>()
  const refs = sql.join(key.map((column) => sql.ref(column)))
  for (let after: readonly unknown[] | undefined; ; ) {
    let query = from.selectFrom(table).selectAll()
    for (const column of key) query = query.orderBy(sql.ref(column))
    if (after) query = query.where(sql<boolean>`(${refs}) > (${sql.join([...after])})`)
    const rows: readonly AnyRow[] = await query.limit(rowsAtOnce[table] ?? usualRows).execute()
    const last = rows.at(-1)
    if (!last) return
    yield rows.map((row) => columns.map((column) => plain(column, row[column])))
    after = key.map((column) => last[column])
  }
}

export async function countOf(db: Kysely<Schema>, table: Table): Promise<number> {
  const { rows } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return Number(rows)
}

/** The lines of rows, each with its line feed. */
export function linesOfRows(rows: readonly Values[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

/** What a table holds, in a number and a hash: that of the lines of its rows. */
export async function tally(
  db: Kysely<Schema>,
  table: TableColumns,
  onLines: (lines: string, rows: number) => Promise<void> | void = () => {},
): Promise<{ readonly rows: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  let count = 0
  for await (const rows of rowsOf(db, table)) {
    const lines = linesOfRows(rows)
    hash.update(lines)
    count += rows.length
    await onLines(lines, rows.length)
  }
  return { rows: count, sha256: hash.digest('hex') }
}

function plain(column: string, value: unknown): unknown {
  return flags.has(column) && value !== null ? Boolean(value) : value
}
