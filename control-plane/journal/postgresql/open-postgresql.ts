import { Kysely, sql } from 'kysely'
import type { ClientConfig } from 'pg'
import { Failure } from '#shared/failure/failure.ts'
import { Acknowledged, acknowledgedRevision, refuseLoss } from '../acknowledged.ts'
import { migrate } from '../migrate.ts'
import { type StoreQueries, storeQueries } from '../queries/store-queries.ts'
import type { Schema } from '../schema.ts'
import type { Connected } from '../sqlite/open-sqlite.ts'
import type { AppendCondition, Sharing, Store } from '../store.ts'
import type { StoredEvent } from '../stored-event.ts'
import type { PostgresqlConfig } from './config.ts'
import { connectionOptions, databaseName, Sockets } from './connect.ts'
import { BoundedDialect } from './dialect.ts'
import { postgresqlFailure } from './failure.ts'
import { listenForAppends } from './listen.ts'
import { BoundedPool } from './pool.ts'

/** One appends, and one renews who leads and says that we live; both never wait for readers. */
const urgentConnections = 2
const urgent: ReadonlySet<string> = new Set<keyof StoreQueries>([
  'append',
  'probe',
  'claimLeadership',
  'resignLeadership',
  'beatReplica',
  'apiToken',
  'lockedTries',
])
/** One after the other: two that write the same rows in another order would wait for each other. */
const inTurn: ReadonlySet<string> = new Set<keyof StoreQueries>([
  'writeTables',
  'saveBeats',
  'saveRollups',
  'dropRollups',
])

/**
 * Opens the database with the newest schema. Other planes may have it open too.
 * @param notes the beginning of the paths of what is kept beside: up to which revision this plane acknowledged
 * Rejects with STORE_TOO_NEW, STORE_CORRUPT (also if acknowledged entries are missing) or STORE_UNAVAILABLE.
 */
export async function openPostgresql(config: PostgresqlConfig, notes: string): Promise<Store> {
  await using opened = new AsyncDisposableStack()
  const { db, urgentDb, name, listening } = opened.use(await connectPostgresql(config))
  try {
    const { id: installation } = await db.selectFrom('installation').select('id').executeTakeFirstOrThrow()
    const methods = named(storeQueries(urgentDb), storeQueries(db), name)
    const note = databaseNoteOf(notes, installation)
    // Before the head is asked for: another plane in this folder may go on acknowledging.
    const known = acknowledgedRevision(note)
    refuseLoss(await methods.head(), known, note, name, 'Put the database back')
    const acknowledged = opened.use(new Acknowledged(note))
    const append = async (events: readonly StoredEvent[], condition?: AppendCondition) => {
      const last = await methods.append(events, condition)
      acknowledged.save(last)
      return last
    }
    const sharing = opened.use(new AppendHints(config, listening))
    const held = opened.move()
    return { ...methods, append, installation, name, sharing, [Symbol.asyncDispose]: () => held.disposeAsync() }
  } catch (error) {
    throw postgresqlFailure(error, name)
  }
}

/** Where a plane notes beside `notes` up to which revision it acknowledged. */
export function databaseNoteOf(notes: string, installation: string): string {
  return `${notes}-acknowledged-${installation}`
}

export type ConnectedPostgresql = Connected & {
  readonly urgentDb: Kysely<Schema>
  /** What the connection is made with on which it is heard that others appended. */
  readonly listening: ClientConfig
}

/** The database itself, with the newest schema unless it is to stay as it is. Rejects as `openPostgresql` does. */
export async function connectPostgresql(
  config: PostgresqlConfig,
  { migrates = true }: { readonly migrates?: boolean } = {},
): Promise<ConnectedPostgresql> {
  const name = databaseName(config)
  await using opened = new AsyncDisposableStack()
  try {
    const sockets = opened.use(new Sockets())
    const options = await connectionOptions(config, sockets)
    const connect = (most: number) => {
      const pool = new BoundedPool(options, most)
      opened.defer(() => pool.end())
      return new Kysely<Schema>({ dialect: new BoundedDialect(pool, config.statement_timeout) })
    }
    const urgentDb = connect(urgentConnections)
    const db = connect(config.connections - urgentConnections)
    await needFitness(db, name)
    if (migrates) await migrate(db)
    const { listen } = config
    // TLS is of the address that is asked: past a pooler on loopback the database itself is elsewhere.
    const listening = typeof listen === 'object' ? await connectionOptions({ ...config, ...listen }, sockets) : options
    const held = opened.move()
    return { db, urgentDb, name, listening, [Symbol.asyncDispose]: () => held.disposeAsync() }
  } catch (error) {
    throw postgresqlFailure(error, name)
  }
}

/** Refuses a database that could not give back what it was given. */
async function needFitness(db: Kysely<Schema>, name: string): Promise<void> {
  const settings = sql<{ encoding: string; version: number }>`select current_setting('server_encoding') as encoding,
    cast(current_setting('server_version_num') as integer) as version`
  const { rows } = await settings.execute(db)
  const [{ encoding, version } = { encoding: '', version: 0 }] = rows
  if (version < 120_000) {
    const remedy = 'Use PostgreSQL 12 or newer.'
    throw new Failure('STORE_UNAVAILABLE', `${name} is PostgreSQL ${Math.floor(version / 10_000)}.`, { remedy })
  }
  if (encoding !== 'UTF8') {
    const remedy = `Create the database with "encoding 'UTF8' template template0".`
    throw new Failure('STORE_UNAVAILABLE', `${name} has the encoding ${encoding}, which lacks letters.`, { remedy })
  }
}

/** The methods of a store, each on its connections, with failures that say what they mean. */
function named(urgentQueries: StoreQueries, queries: StoreQueries, name: string): StoreQueries {
  let turn: Promise<unknown> = Promise.resolve()
  const entries = Object.keys(queries).map((method) => {
    const source = urgent.has(method) ? urgentQueries : queries
    const call = source[method as keyof StoreQueries] as (...args: readonly unknown[]) => Promise<unknown>
    const run = (args: readonly unknown[]) =>
      call(...args).catch((error: unknown) => {
        throw postgresqlFailure(error, name)
      })
    const runInTurn = (args: readonly unknown[]) => {
      const result = turn.then(() => run(args))
      turn = result.catch(() => {})
      return result
    }
    const method_ = inTurn.has(method) ? runInTurn : run
    return [method, (...args: readonly unknown[]) => method_(args)]
  })
  return Object.fromEntries(entries) as StoreQueries
}

/** Listens as long as somebody wants to hear. */
class AppendHints implements Sharing, AsyncDisposable {
  readonly #hearers = new Set<(revision: number) => void>()
  readonly #stop = new AbortController()
  readonly #config: PostgresqlConfig
  readonly #options: ClientConfig
  #listening: Promise<void> | undefined

  constructor(config: PostgresqlConfig, options: ClientConfig) {
    this.#config = config
    this.#options = options
  }

  readonly onAppended = (hear: (revision: number) => void): (() => void) => {
    this.#hearers.add(hear)
    this.#listening ??= this.#listen()
    return () => this.#hearers.delete(hear)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#listening
  }

  async #listen(): Promise<void> {
    const { listen } = this.#config
    if (listen === false) return
    await listenForAppends(this.#options, (revision) => this.#tell(revision), this.#stop.signal)
  }

  #tell(revision: number): void {
    for (const hear of this.#hearers) hear(revision)
  }
}
