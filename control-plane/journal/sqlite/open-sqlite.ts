import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { Failure } from '#shared/failure/failure.ts'
import { Acknowledged, acknowledgedRevision, refuseLoss } from '../acknowledged.ts'
import { migrate } from '../migrate.ts'
import { storeQueries } from '../queries/store-queries.ts'
import type { Schema } from '../schema.ts'
import type { AppendCondition, Store } from '../store.ts'
import type { StoredEvent } from '../stored-event.ts'
import { NodeSqliteDialect } from './dialect.ts'
import { hasResult, resultCodes, storeFailure } from './failure.ts'
import { keepPrivate } from './keep-private.ts'

export type SqliteSettings = {
  /** The file; `:memory:` for one that nobody keeps. */
  readonly path: string
  readonly mostBytes: number | undefined
}

/** How long a program that only reads may hold up a write. */
const busyMs = 2_000
/** The log is cut back to this after a checkpoint. */
const logBytes = 64 * 1024 * 1024

/** An open database with the newest schema. */
export type Connected = AsyncDisposable & { readonly db: Kysely<Schema>; readonly name: string }

/**
 * Opens the database in this thread, alone, with the newest schema. Synchronous at heart: it belongs into a worker.
 * Throws STORE_IN_USE, STORE_TOO_NEW, STORE_CORRUPT (also if acknowledged entries are missing) or STORE_UNAVAILABLE.
 */
export async function openSqlite(settings: SqliteSettings): Promise<Store> {
  const { path } = settings
  await using opened = new AsyncDisposableStack()
  try {
    const { db } = opened.use(await connectSqlite(settings))
    const queries = storeQueries(db)
    const acknowledged = path === ':memory:' ? undefined : opened.use(new Acknowledged(noteOf(path)))
    const { id: installation } = await db.selectFrom('installation').select('id').executeTakeFirstOrThrow()
    const append = async (events: readonly StoredEvent[], condition?: AppendCondition) => {
      const last = await queries.append(events, condition)
      acknowledged?.save(last)
      return last
    }
    const held = opened.move()
    return { ...queries, append, installation, name: path, [Symbol.asyncDispose]: () => held.disposeAsync() }
  } catch (error) {
    throw storeFailure(error, path)
  }
}

/**
 * The database itself, in this thread. Throws as `openSqlite` does.
 * @param restoring what was acknowledged here before is lost, and about to be restored
 */
export async function connectSqlite(
  { path, mostBytes }: SqliteSettings,
  { restoring = false }: { readonly restoring?: boolean } = {},
): Promise<Connected> {
  await using opened = new AsyncDisposableStack()
  try {
    const alone = path !== ':memory:'
    if (alone) keepPrivate(path)
    if (alone) opened.use(lock(`${path}-lock`, path))
    const database = connect(path, mostBytes)
    const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) })
    opened.defer(async () => {
      await db.destroy()
      if (database.isOpen) database.close()
    })
    // Before anything is written: somebody may still put back what is missing.
    const note = noteOf(path)
    if (alone && !restoring)
      refuseLoss(headOf(database), acknowledgedRevision(note), note, path, `Put ${path} and ${path}-wal back`)
    await migrate(db)
    const held = opened.move()
    return { db, name: path, [Symbol.asyncDispose]: () => held.disposeAsync() }
  } catch (error) {
    throw storeFailure(error, path)
  }
}

/** Where it is noted up to which revision a file's plane acknowledged. */
export function noteOf(path: string): string {
  return `${path}-acknowledged`
}

/** Held by the kernel for as long as the process lives: no file is left behind that lies after a crash. */
function lock(path: string, database: string): Disposable {
  const held = new DatabaseSync(path)
  try {
    // Nothing is ever written, so it works on a full disk too.
    held.exec('pragma journal_mode = memory; begin exclusive')
  } catch (cause) {
    held.close()
    if (!hasResult(cause, [resultCodes.busy])) throw cause
    throw new Failure('STORE_IN_USE', `Another control plane has ${database} open`, { cause })
  }
  return { [Symbol.dispose]: () => held.close() }
}

function connect(path: string, mostBytes: number | undefined): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyMs })
  try {
    prepare(database, mostBytes)
    return database
  } catch (error) {
    database.close()
    const { full, ioError, cannotOpen } = resultCodes
    if (!hasResult(error, [full, ioError, cannotOpen])) throw error
  }
  // On a full disk there is no room for the index that readers of the log share. Until the next start no tool can read beside us then,
  // but what is known is served.
  const alone = new DatabaseSync(path, { timeout: busyMs })
  try {
    alone.exec('pragma locking_mode = exclusive')
    prepare(alone, mostBytes)
    return alone
  } catch (error) {
    alone.close()
    throw error
  }
}

function prepare(database: DatabaseSync, mostBytes: number | undefined): void {
  database.exec('pragma journal_mode = wal')
  // Each commit is on the disk before it is acknowledged, also when the power fails.
  database.exec('pragma synchronous = full')
  database.exec(`pragma journal_size_limit = ${logBytes}`)
  const pageBytes = Number(database.prepare('pragma page_size').get()?.page_size)
  if (mostBytes !== undefined) database.exec(`pragma max_page_count = ${Math.ceil(mostBytes / pageBytes)}`)
  // The log is looked at only now.
  database.prepare('select count(*) from sqlite_schema').get()
}

/** The newest revision; 0 where there is no journal at all. */
function headOf(database: DatabaseSync): number {
  const journal = database.prepare("select 1 from sqlite_schema where name = 'journal_head'").get()
  return Number(journal && database.prepare('select revision from journal_head').get()?.revision) || 0
}
