import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { type ClientConfig, Pool, type PoolClient } from 'pg'
import { Failure } from '#shared/failure/failure.ts'
import { storable } from '../stored-event.ts'
import { answerWithin } from './answer-within.ts'
import { endsConnection } from './failure.ts'

/** Calls that wait for a connection at most; each waits no longer than a connection may take. */
const mostWaiting = 1_000
const idleMs = 60_000
/** Connections move to whatever the database's name leads to meanwhile. */
const lifetimeSeconds = 1_800

/** What Kysely expects of a pool, with all waiting bounded, and without connections that are no longer fit. */
export class BoundedPool implements PostgresPool {
  readonly options = {}
  readonly #pool: Pool
  readonly #answerMs: number

  /** @param options `query_timeout` bounds each answer, in milliseconds */
  constructor({ query_timeout, ...options }: ClientConfig & { readonly query_timeout: number }, most: number) {
    this.#answerMs = query_timeout
    this.#pool = new Pool({ ...options, max: most, idleTimeoutMillis: idleMs, maxLifetimeSeconds: lifetimeSeconds })
    // Of idle connections that end: the next call makes another one.
    this.#pool.on('error', () => {})
    // The pool hands a connection over without a listener for a moment, in which its end may be read already.
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#pool.waitingCount >= mostWaiting) {
      const message = `${mostWaiting} calls wait for a connection to the database already.`
      throw new Failure('STORE_OVERLOADED', message, { retryable: true })
    }
    return lend(await this.#pool.connect(), this.#answerMs)
  }

  async end(): Promise<void> {
    await this.#pool.end()
  }
}

/** A connection for one call. What went wrong with the connection itself ends it when it is given back. */
function lend(client: PoolClient, answerMs: number): PostgresPoolClient {
  let broken: unknown
  const onError = (error: unknown) => {
    broken ??= error
  }
  client.on('error', onError)
  const query = async (text: string, parameters: readonly unknown[]) => {
    // What broke the connection is to be told, not that it could not be rolled back after that.
    if (broken !== undefined && text === 'rollback') return { command: 'ROLLBACK', rowCount: 0, rows: [] }
    if (broken !== undefined) throw broken
    try {
      return await answerWithin(client.query(text, parameters.map(bound)), answerMs)
    } catch (error) {
      if (endsConnection(error)) broken ??= error
      throw error
    }
  }
  const release = (destroy = false) => {
    client.off('error', onError)
    client.release(destroy || broken !== undefined)
  }
  // Cursors, the other form of a query, are not used.
  return { query: query as unknown as PostgresPoolClient['query'], release }
}

function bound(value: unknown): unknown {
  return typeof value === 'string' ? storable(value) : value
}
