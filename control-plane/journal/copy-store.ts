import type { Kysely, Transaction } from 'kysely'
import { Failure } from '#shared/failure/failure.ts'
import { insertRows, needEmpty, numberOn } from './backup/fill-store.ts'
import { countOf, numbered, rowsOf, type Table, tablesOf } from './backup/table-rows.ts'
import { unbound } from './dialect-words.ts'
import type { Schema } from './schema.ts'

export type Copied = Readonly<Record<string, number>>

/**
 * Copies all that a store holds into one that holds nothing, who it is included, in one transaction. Resolves with how many rows each table
 * has, counted in both. Rejects with STORE_NOT_EMPTY if the other one holds something, with STORE_IN_USE if a plane works on it.
 */
export async function copyStore(from: Kysely<Schema>, to: Kysely<Schema>, name: string): Promise<Copied> {
  return to.transaction().execute(async (transaction) => {
    await unbound(transaction)
    await needEmpty(transaction, name)
    const copied: Record<string, number> = {}
    for (const each of await tablesOf(from)) {
      const { table } = each
      // Who leads is decided anew.
      if (table === 'leadership') continue
      // What a new installation has at first.
      await transaction.deleteFrom(table).execute()
      for await (const rows of rowsOf(from, each)) await insertRows(transaction, each, rows)
      if (numbered.has(table)) await numberOn(transaction, table)
      copied[table] = await sameCount(from, transaction, table)
    }
    return copied
  })
}

async function sameCount(from: Kysely<Schema>, to: Transaction<Schema>, table: Table): Promise<number> {
  const [there, here] = await Promise.all([countOf(from, table), countOf(to, table)])
  if (there === here) return here
  throw new Failure('STORE_CORRUPT', `${there} rows of ${table} became ${here}; nothing was imported.`)
}
