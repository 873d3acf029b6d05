import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { Kysely } from 'kysely'
import { dump } from '#control-plane/journal/backup/dump.ts'
import { packed } from '#control-plane/journal/backup/pack.ts'
import { type RestoreParts, restore } from '#control-plane/journal/backup/restore.ts'
import { migrate } from '#control-plane/journal/migrate.ts'
import { storeQueries } from '#control-plane/journal/queries/store-queries.ts'
import type { Schema } from '#control-plane/journal/schema.ts'
import { NodeSqliteDialect } from '#control-plane/journal/sqlite/dialect.ts'
import { logLines } from './journal.ts'

/** A SQLite in memory with what a store does and the database behind it. */
export async function openDatabase(to?: Parameters<typeof migrate>[1]) {
  const database = new DatabaseSync(':memory:')
  const db = new Kysely<Schema>({ dialect: new NodeSqliteDialect(database) })
  await migrate(db, to)
  return { db, store: storeQueries(db), [Symbol.asyncDispose]: () => db.destroy() }
}

const { log } = logLines()
export const wish = { owner: 'zervigo', heddle: '1.0.0', metrics: true }

/** The bytes of a backup. */
export async function backedUp(db: Kysely<Schema>, wanted = wish): Promise<Buffer> {
  const { stream, write, end } = packed()
  const [bytes] = await Promise.all([buffer(stream), dump(db, wanted, write, log).then(end, (e) => stream.destroy(e))])
  return bytes
}

export function restoreInto(db: Kysely<Schema>, bytes: Buffer, more: Partial<RestoreParts> = {}) {
  return restore(Readable.from([bytes]), {
    db,
    name: 'the store',
    file: 'a.zst',
    heddle: wish.heddle,
    acknowledged: () => 0,
    by: 'operator:alice',
    now: Date.now(),
    log,
    ...more,
  })
}

/** The same backup with its lines changed. */
export function edited(bytes: Buffer, edit: (lines: string[]) => readonly string[]): Buffer {
  const lines = zstdDecompressSync(bytes).toString('utf8').split('\n').slice(0, -1)
  return zstdCompressSync(
    edit(lines)
      .map((line) => `${line}\n`)
      .join(''),
  )
}
