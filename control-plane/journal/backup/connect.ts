import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { Failure } from '#shared/failure/failure.ts'
import type { StoreSettings } from '../open-store.ts'
import { connectPostgresql } from '../postgresql/open-postgresql.ts'
import type { Schema } from '../schema.ts'
import { NodeSqliteDialect } from '../sqlite/dialect.ts'
import { storeFailure } from '../sqlite/failure.ts'
import type { Connected } from '../sqlite/open-sqlite.ts'

/** How long one statement may take: a whole table is counted, or numbered anew. */
const statementMs = 600_000
/** Of a plane that is just making the file. */
const busyMs = 5_000

/**
 * A connection beside those of planes, which may go on, to read with only: nothing is made and nothing migrated. For SQLite everything
 * happens in this thread. Rejects with STORE_UNAVAILABLE or STORE_CORRUPT.
 */
export async function connectToRead(settings: StoreSettings): Promise<Connected> {
  if (settings.postgresql) {
    const { db, name, ...rest } = await connectPostgresql(
      { ...settings.postgresql, statement_timeout: statementMs, connections: 3 },
      { migrates: false },
    )
    return { db, name, [Symbol.asyncDispose]: () => rest[Symbol.asyncDispose]() }
  }
  const path = resolve(settings.path)
  // Opening what is not there would make a new one.
  await access(path).catch((cause: unknown) => {
    const remedy = 'Check journal.path of the configuration.'
    throw new Failure('STORE_UNAVAILABLE', `${path} cannot be read`, { cause, remedy })
  })
  try {
    const database = new DatabaseSync(path, { timeout: busyMs })
    database.exec('pragma query_only = on')
    const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) })
    const dispose = async () => {
      await db.destroy()
      if (database.isOpen) database.close()
    }
    return { db, name: path, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    throw storeFailure(error, path)
  }
}
