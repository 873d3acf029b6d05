import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { type BackupHeader, type BackupTrailer, backupFormat, backupVersion } from '#shared/backup/format.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { fleetHash } from '../../fleet/fleet-hash.ts'
import { isPostgresql, unbound } from '../dialect-words.ts'
import { newestMigration } from '../migrate.ts'
import { journalQueries } from '../queries/journal-queries.ts'
import { replay } from '../replay.ts'
import type { Schema } from '../schema.ts'
import type { StoredEntry } from '../stored-event.ts'
import { countOf, optionalTables, tablesOf, tally } from './table-rows.ts'

/** What a backup says of where it comes from, and what is wanted in it. */
export type BackupWish = {
  readonly owner: string
  /** The version of this program. */
  readonly heddle: string
  /** Whether it has the metrics too, which are most rows by far. */
  readonly metrics: boolean
}

export type Dumped = { readonly header: BackupHeader; readonly trailer: BackupTrailer }

/**
 * Writes all that a store holds as the lines of a backup, as of one moment, while others go on writing to it. The journal in it has been
 * replayed when the trailer is written, so what could not be restored is noticed now.
 * Rejects with STORE_CORRUPT if the journal cannot be replayed, and as `write` does.
 * @param write takes whole lines; resolves when it takes more
 */
export async function dump(
  db: Kysely<Schema>,
  wish: BackupWish,
  write: (lines: string) => Promise<void> | void,
  log: Logger,
): Promise<Dumped> {
  const whole = createHash('sha256')
  const put = (lines: string) => {
    whole.update(lines)
    return write(lines)
  }
  return await inOneMoment(db, async (moment) => {
    const here = await tablesOf(moment)
    const leftOut = wish.metrics
      ? []
      : here.filter(({ table }) => (optionalTables as readonly string[]).includes(table))
    const wanted = here.filter((each) => !leftOut.includes(each))
    const header = await headerOf(moment, wish, wanted, leftOut)
    await put(line(header))
    let rows = 0
    for (const each of wanted) {
      const { table, columns } = each
      await put(line({ table, columns }))
      const counted = await tally(moment, each, put)
      await put(line({ end: table, ...counted }))
      rows += counted.rows
    }
    const fleet = await replayed(moment, header.revision, log)
    const trailer = { rows, fleet, sha256: whole.digest('hex') }
    await write(line({ trailer }))
    return { header, trailer }
  })
}

/** What the journal gives when it is replayed up to a revision. It takes as much memory as the fleet of a plane. */
export async function replayed(db: Kysely<Schema>, until: number, log: Logger): Promise<BackupTrailer['fleet']> {
  const fleet = new Fleet()
  await replay({ ...journalQueries(db), read: (after, limit) => readAsItIs(db, after, limit) }, fleet, { until, log })
  return { hash: fleetHash(fleet.state()), nodes: fleet.nodes.size, instances: fleet.instances.size }
}

/** Entries of a journal whose schema may be an older one, without the columns that came since. */
async function readAsItIs(db: Kysely<Schema>, after: number, limit: number): Promise<readonly StoredEntry[]> {
  const rows = await db
    .selectFrom('journal')
    .selectAll()
    .where('revision', '>', after)
    .orderBy('revision')
    .limit(limit)
    .execute()
  return rows.map(({ subject_kind: subjectKind, subject_id: subjectId, ...kept }) => ({
    ...kept,
    subjectKind,
    subjectId,
  }))
}

async function headerOf(
  moment: Kysely<Schema>,
  { owner, heddle }: BackupWish,
  wanted: Awaited<ReturnType<typeof tablesOf>>,
  leftOut: Awaited<ReturnType<typeof tablesOf>>,
): Promise<BackupHeader> {
  const { id } = await moment.selectFrom('installation').select('id').executeTakeFirstOrThrow()
  const { revision } = await moment.selectFrom('journal_head').select('revision').executeTakeFirstOrThrow()
  const rows: Record<string, number> = {}
  for (const { table } of wanted) rows[table] = await countOf(moment, table)
  return {
    format: backupFormat,
    version: backupVersion,
    heddle,
    installation: id,
    owner,
    store: isPostgresql(moment) ? 'postgresql' : 'sqlite',
    schema: await newestMigration(moment),
    revision,
    at: new Date().toISOString(),
    rows,
    left_out: leftOut.map(({ table }) => table),
  }
}

/** Everything in it sees the store as it is at its first look. Nobody who writes waits for it. */
async function inOneMoment<T>(db: Kysely<Schema>, look: (moment: Kysely<Schema>) => Promise<T>): Promise<T> {
  return await db.connection().execute(async (connection) => {
    const begin = isPostgresql(db) ? 'begin isolation level repeatable read read only' : 'begin'
    await sql.raw(begin).execute(connection)
    try {
      await unbound(connection)
      return await look(connection)
    } finally {
      await sql
        .raw('rollback')
        .execute(connection)
        .catch(() => {})
    }
  })
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}
