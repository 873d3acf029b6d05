import type { Kysely, Transaction } from 'kysely'
import type { AuditDraft } from '../../fleet/audit.ts'
import type { Schema } from '../schema.ts'
import { addAudit } from './audit-queries.ts'

type Queries = Readonly<Record<string, unknown>>

/** Takes back what a method has done, and gives its answer all the same: it changed nothing. */
class ChangedNothing extends Error {
  readonly result: unknown

  constructor(result: unknown) {
    super('nothing was changed')
    this.result = result
  }
}

/** Does a method and writes down what it was, in one transaction: that of the method is a part of it. */
export function audited(db: Kysely<Schema>, queriesOf: (db: Kysely<Schema>) => object) {
  return (method: string, args: readonly unknown[], rows: readonly AuditDraft[]): Promise<unknown> =>
    db
      .transaction()
      .execute(async (transaction) => {
        const step = { failed: false }
        const queries = queriesOf(within(transaction, step)) as Queries
        const call = queries[method]
        if (typeof call !== 'function') throw new Error(`the store has no method ${method}`)
        const result: unknown = await call(...args)
        // It took itself back, or found nothing to change, and says so by its answer.
        if (step.failed || result === false) throw new ChangedNothing(result)
        await addAudit(transaction, rows)
        return result
      })
      .catch((error: unknown) => {
        if (error instanceof ChangedNothing) return error.result
        throw error
      })
}

/** The database as a transaction that is under way: the one that is begun in it is that one. */
function within(transaction: Transaction<Schema>, step: { failed: boolean }): Kysely<Schema> {
  const begin = () => ({
    execute: async <T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> => {
      try {
        return await work(transaction)
      } catch (error) {
        step.failed = true
        throw error
      }
    },
  })
  return new Proxy<Kysely<Schema>>(transaction, {
    get: (target, name) => {
      if (name === 'transaction') return begin
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
