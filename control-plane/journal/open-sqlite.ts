import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { Failure } from '#shared/failure/failure.ts'
import { Acknowledged, acknowledgedRevision } from './acknowledged.ts'
import { journalQueries } from './journal-queries.ts'
import { migrate } from './migrate.ts'
import type { Schema } from './schema.ts'
import { NodeSqliteDialect } from './sqlite-dialect.ts'
import type { Store } from './store.ts'
import { storeFailure } from './store-failure.ts'
import type { StoredEvent } from './stored-event.ts'
import { tableQueries } from './table-queries.ts'

export type SqliteSettings = {
  /** The file; `:memory:` for one that nobody keeps. */
  readonly path: string
  readonly mostBytes: number | undefined
}

/** How long a program that only reads may hold up a write. */
const busyMs = 2_000
/** The log is cut back to this after a checkpoint. */
const logBytes = 64 * 1024 * 1024

/**
 * Opens the database in this thread, alone, with the newest schema. Synchronous at heart: it belongs into a worker.
 * Throws STORE_IN_USE, STORE_TOO_NEW, STORE_CORRUPT (also if acknowledged entries are missing) or STORE_UNAVAILABLE.
 */
export async function openSqlite({ path, mostBytes }: SqliteSettings): Promise<Store> {
  await using opened = new AsyncDisposableStack()
  try {
    const alone = path !== ':memory:'
    if (alone) opened.use(lock(`${path}-lock`, path))
    const database = new DatabaseSync(path, { timeout: busyMs })
    const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) })
    opened.defer(async () => {
      await db.destroy()
      if (database.isOpen) database.close()
    })
    prepare(database, mostBytes)
    await migrate(db)
    const queries = { ...journalQueries(db), ...tableQueries(db) }
    const note = `${path}-acknowledged`
    if (alone) refuseLoss(await queries.head(), acknowledgedRevision(note), path, note)
    const acknowledged = alone ? opened.use(new Acknowledged(note)) : undefined
    const { id: installation } = await db.selectFrom('installation').select('id').executeTakeFirstOrThrow()
    const append = async (events: readonly StoredEvent[]) => {
      const last = await queries.append(events)
      acknowledged?.save(last)
      return last
    }
    const held = opened.move()
    return { ...queries, append, installation, name: path, [Symbol.asyncDispose]: () => held.disposeAsync() }
  } catch (error) {
    throw storeFailure(error, path)
  }
}

/** Held by the kernel for as long as the process lives: no file is left behind that lies after a crash. */
function lock(path: string, database: string): Disposable {
  const held = new DatabaseSync(path)
  try {
    held.exec('begin exclusive')
  } catch (cause) {
    held.close()
    throw new Failure('STORE_IN_USE', `Another control plane has ${database} open.`, { cause })
  }
  return { [Symbol.dispose]: () => held.close() }
}

function prepare(database: DatabaseSync, mostBytes: number | undefined): void {
  database.exec('pragma journal_mode = wal')
  // Each commit is on the disk before it is acknowledged, also when the power fails.
  database.exec('pragma synchronous = full')
  database.exec(`pragma journal_size_limit = ${logBytes}`)
  if (mostBytes === undefined) return
  const row = database.prepare('pragma page_size').get()
  const pages = Math.ceil(mostBytes / Number(row?.page_size ?? 4096))
  database.exec(`pragma max_page_count = ${pages}`)
}

function refuseLoss(head: number, acknowledged: number, path: string, note: string): void {
  if (head >= acknowledged) return
  throw new Failure(
    'STORE_CORRUPT',
    `${path} ends at revision ${head}, but revision ${acknowledged} was acknowledged: its end is missing.`,
    { remedy: `Put ${path} and ${path}-wal back, or restore a backup; to go on without what is lost, remove ${note}.` },
  )
}
