import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'
import { storable } from '../stored-event.ts'

/** More statements than we have: only their number of rows varies. */
const mostStatements = 200

/** Kysely's SQLite dialect over Node's own SQLite. Synchronous: for a worker. */
export class NodeSqliteDialect extends SqliteDialect {
  constructor(db: DatabaseSync) {
    super({ database: preparing(db) })
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

class TransactionalAdapter extends SqliteAdapter {
  /** SQLite changes schemas inside transactions; with this a migration is done whole or not at all. */
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** What Kysely expects of a database, with prepared statements kept. */
function preparing(db: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>()
  return {
    close: () => db.close(),
    prepare(text) {
      // A full disk ends the transaction by itself; Kysely's rollback would then hide the error behind its own.
      if (text === 'rollback' && !db.isTransaction) return nothing
      const known = prepared.get(text)
      if (known) {
        prepared.delete(text)
        prepared.set(text, known)
        return known
      }
      const statement = adapted(db.prepare(text))
      prepared.set(text, statement)
      const [oldest] = prepared.keys()
      if (prepared.size > mostStatements && oldest !== undefined) prepared.delete(oldest)
      return statement
    },
  }
}

const nothing: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
}

function adapted(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (values) => statement.all(...values.map(bound)),
    run: (values) => statement.run(...values.map(bound)),
    iterate: (values) => statement.iterate(...values.map(bound)),
  }
}

/** SQLite has no booleans; in PostgreSQL they are what they are. Texts are those that both take. */
function bound(value: unknown): SQLInputValue {
  if (typeof value === 'string') return storable(value)
  return (typeof value === 'boolean' ? Number(value) : value) as SQLInputValue
}
