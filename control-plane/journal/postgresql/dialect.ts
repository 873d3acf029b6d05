import {
  CompiledQuery,
  type DatabaseConnection,
  PostgresAdapter,
  PostgresDialect,
  PostgresDriver,
  type PostgresPool,
} from 'kysely'

/** A transaction that its author left open longer than this is ended: it may hold the row that all appends need. */
const longestIdleMs = 2_000

/** Kysely's PostgreSQL dialect with limits in every transaction, which hold behind a pooler too. */
export class BoundedDialect extends PostgresDialect {
  readonly #pool: PostgresPool
  readonly #statementMs: number

  constructor(pool: PostgresPool, statementMs: number) {
    super({ pool })
    this.#pool = pool
    this.#statementMs = statementMs
  }

  override createDriver(): PostgresDriver {
    return new BoundedDriver(this.#pool, this.#statementMs)
  }

  override createAdapter(): PostgresAdapter {
    return new LockedAdapter()
  }
}

class BoundedDriver extends PostgresDriver {
  readonly #begin: string

  constructor(pool: PostgresPool, statementMs: number) {
    super({ pool })
    // One message, so that it costs one round trip.
    this.#begin = [
      'begin',
      `set local statement_timeout = ${statementMs}`,
      `set local lock_timeout = ${statementMs}`,
      `set local idle_in_transaction_session_timeout = ${longestIdleMs}`,
      // What is acknowledged is on disk, whatever the database's own setting; a stronger one is left.
      `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`,
    ].join('; ')
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(this.#begin))
  }
}

/** Kysely's own lock belongs to a session, which is nobody's behind a pooler; `migrate` holds one of its transaction. */
class LockedAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}

  override async releaseMigrationLock(): Promise<void> {}
}
