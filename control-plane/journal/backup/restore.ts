import type { Readable } from 'node:stream'
import type { Kysely, Transaction } from 'kysely'
import type { BackupHeader, BackupPiece, BackupTrailer, Values } from '#shared/backup/format.ts'
import { readBackup } from '#shared/backup/read-backup.ts'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AuditDraft } from '../../fleet/audit.ts'
import { holdUntil } from '../../fleet/revoked.ts'
import { takeTurn, unbound } from '../dialect-words.ts'
import { type MigrationName, migrateWithin } from '../migrate.ts'
import { migrations } from '../migrations/all.ts'
import { addAudit } from '../queries/audit-queries.ts'
import { addRevocations } from '../queries/identity-queries.ts'
import type { Schema } from '../schema.ts'
import { encodeEvent } from '../stored-event.ts'
import { replayed } from './dump.ts'
import { insertRows, needEmpty, numberOn } from './fill-store.ts'
import { resumeAt, resumeEpoch } from './resume.ts'
import { countOf, numbered, type Table, type TableColumns, tables, tally } from './table-rows.ts'

export type RestoreParts = {
  readonly db: Kysely<Schema>
  /** Of the store, for messages. */
  readonly name: string
  /** Of the file, for messages. */
  readonly file: string
  /** The version of this program. */
  readonly heddle: string
  /** The revision that is noted here as acknowledged by the plane of an installation; 0: nothing is noted. */
  readonly acknowledged: (installation: string) => number
  /** Who restores. */
  readonly by: string
  readonly now: number
  readonly log: Logger
  /** Hears of rows as they are written, and of the steps after that. */
  readonly onProgress?: (progress: RestoreProgress) => void
}

export type RestoreProgress =
  | { readonly kind: 'rows'; readonly rows: number; readonly of: number }
  | { readonly kind: 'comparing' | 'replaying' }

export type Restored = {
  readonly header: BackupHeader
  readonly trailer: BackupTrailer
  /** The revision at which the journal goes on. */
  readonly resumed: number
  /** The revision that was acknowledged here before; what came between it and the backup is lost. 0: not known. */
  readonly acknowledged: number
  /** Whether the fleet was compared with the one of the backup: another version of Heddle may replay it otherwise. */
  readonly compared: boolean
}

/**
 * Puts a backup into a store that holds nothing, whole or not at all. Before it counts, every table is read back and compared with the
 * hash in the file, and the journal is replayed and compared with the fleet that was backed up.
 * Rejects with STORE_NOT_EMPTY, STORE_IN_USE, BACKUP_TOO_NEW, BACKUP_CUT, BACKUP_DAMAGED, BACKUP_UNREADABLE, or STORE_CORRUPT if what the
 * store gives back is something else; nothing is restored then.
 */
export async function restore(source: Readable, parts: RestoreParts): Promise<Restored> {
  const { db, name, file, heddle, log, onProgress = () => {} } = parts
  return await db.transaction().execute(async (transaction) => {
    await unbound(transaction)
    await takeTurn(transaction, 'migrations')
    await migrateWithin(transaction)
    await needEmpty(transaction, name)
    const { header, trailer, restored } = await fill(transaction, readBackup(source, file), parts)
    onProgress({ kind: 'comparing' })
    for (const { columns, rows, sha256 } of restored) await needSame(transaction, columns, { rows, sha256 })
    onProgress({ kind: 'replaying' })
    await migrateWithin(transaction)
    const fleet = await replayed(transaction, header.revision, log)
    const compared = header.heddle === heddle
    if (compared && fleet.hash !== trailer.fleet.hash) {
      throw new Failure('STORE_CORRUPT', `The journal of ${file} gives another fleet than it gave when it was made.`, {
        remedy: 'Nothing was restored. Keep the file, use another backup, and report this: it must not happen.',
      })
    }
    const acknowledged = parts.acknowledged(header.installation)
    const resumed = await goOn(transaction, header, acknowledged, parts)
    return { header, trailer, resumed, acknowledged, compared }
  })
}

type Filled = {
  readonly header: BackupHeader
  readonly trailer: BackupTrailer
  readonly restored: readonly { readonly columns: TableColumns; readonly rows: number; readonly sha256: string }[]
}

/** Writes every row as it comes. It is not to count before the trailer has. */
async function fill(
  transaction: Transaction<Schema>,
  pieces: AsyncIterable<BackupPiece>,
  { file, onProgress = () => {} }: RestoreParts,
): Promise<Filled> {
  let header: BackupHeader | undefined
  let trailer: BackupTrailer | undefined
  let into: TableColumns | undefined
  let written = 0
  let total = 0
  const restored: Filled['restored'][number][] = []
  for await (const piece of pieces) {
    switch (piece.kind) {
      case 'header': {
        header = piece.header
        total = Object.values(header.rows).reduce((sum, rows) => sum + rows, 0)
        await prepare(transaction, header, file)
        break
      }
      case 'table':
        into = { table: knownTable(piece.table, file), columns: piece.columns }
        break
      case 'rows':
        if (into) await put(transaction, into, piece.rows, file)
        written += piece.rows.length
        onProgress({ kind: 'rows', rows: written, of: total })
        break
      case 'end':
        if (into) restored.push({ columns: into, rows: piece.rows, sha256: piece.sha256 })
        if (into && numbered.has(into.table)) await numberOn(transaction, into.table)
        into = undefined
        break
      case 'trailer':
        trailer = piece.trailer
    }
  }
  if (!header || !trailer) throw new Failure('BACKUP_CUT', `${file} ends before its end`)
  return { header, trailer, restored }
}

/** Brings the empty store to the schema of the backup. */
async function prepare(transaction: Transaction<Schema>, { schema, heddle }: BackupHeader, file: string) {
  if (!Object.hasOwn(migrations, schema)) {
    throw new Failure('BACKUP_TOO_NEW', `${file} was made by Heddle ${heddle}, with the schema ${schema}`)
  }
  await migrateWithin(transaction, schema as MigrationName)
  const here = new Set((await transaction.introspection.getTables()).map(({ name }) => name))
  // What a new installation has at first.
  for (const table of tables) if (here.has(table)) await transaction.deleteFrom(table).execute()
}

function knownTable(table: string, file: string): Table {
  const known = tables.find((each) => each === table)
  if (known) return known
  throw new Failure('BACKUP_TOO_NEW', `${file} has a table ${table}, which this version does not know`)
}

async function put(
  transaction: Transaction<Schema>,
  into: TableColumns,
  rows: readonly Values[],
  file: string,
): Promise<void> {
  await insertRows(transaction, into, rows).catch((cause: unknown) => {
    if (cause instanceof Failure || isOfStore(cause)) throw cause
    throw new Failure('BACKUP_DAMAGED', `${file} has rows of ${into.table} that do not fit`, { cause })
  })
}

/** Whether it is the store that could not, and not the row: a full disk, a connection that is gone. */
function isOfStore(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return true
  if ('errcode' in error) return ![1, 19, 20].includes(Number(error.errcode) & 0xff)
  return !('code' in error && /^(22|23|42)/.test(String(error.code)))
}

async function needSame(
  transaction: Transaction<Schema>,
  columns: TableColumns,
  wanted: { readonly rows: number; readonly sha256: string },
): Promise<void> {
  const found = await tally(transaction, columns)
  if (found.rows === wanted.rows && found.sha256 === wanted.sha256) return
  throw new Failure('STORE_CORRUPT', `${columns.table} came back from the store otherwise than it was written.`, {
    remedy: 'Nothing was restored. Check the disk of the store and its encoding, and restore again.',
  })
}

/** The journal goes on above every number that others have seen, and says so in an entry. */
async function goOn(
  transaction: Transaction<Schema>,
  { revision, at }: BackupHeader,
  acknowledged: number,
  { by, now }: RestoreParts,
): Promise<number> {
  const backupAt = Date.parse(at)
  const resumed = resumeAt({ revision, acknowledged, ageMs: now - backupAt })
  const change = { kind: 'restored', from: revision, backupAt } as const
  const { subjectKind, subjectId, ...event } = encodeEvent({ version: 1, at: now, by, change })
  await transaction
    .insertInto('journal')
    .values({ ...event, revision: resumed, subject_kind: subjectKind, subject_id: subjectId })
    .execute()
  await transaction.updateTable('journal_head').set({ revision: resumed }).execute()
  const { epoch } = await transaction.selectFrom('leadership').select('epoch').executeTakeFirstOrThrow()
  await transaction
    .updateTable('leadership')
    .set({ holder: '', run: '', expires: 0, epoch: resumeEpoch(epoch) })
    .execute()
  await transaction
    .updateTable('api_tokens')
    .set({ ended_at: new Date(now).toISOString() })
    .where('ended_at', 'is', null)
    .execute()
  await transaction.deleteFrom('user_sessions').execute()
  await addAudit(transaction, [restoreRow({ revision, backupAt, resumed, by, now })])
  await holdRenewals(transaction, by, now)
  return resumed
}

type RestoreTold = Pick<RestoreParts, 'by' | 'now'> & { revision: number; backupAt: number; resumed: number }

function restoreRow({ revision, backupAt, resumed, by, now }: RestoreTold): AuditDraft {
  const after = JSON.stringify({ revision, backup_at: new Date(backupAt).toISOString(), resumed })
  const about = { caller: by, from: 'this host', operation: 'restore', subject: 'store' }
  return { at: now, ...about, before: '', after, why: '' }
}

/** What was revoked after the backup is not in it: until that is known from elsewhere, no certificate from before is renewed. */
async function holdRenewals(transaction: Transaction<Schema>, by: string, now: number): Promise<void> {
  if ((await countOf(transaction, 'authorities')) === 0) return
  await addRevocations(transaction, [holdUntil(now, by)])
}
