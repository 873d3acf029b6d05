import { type Kysely, sql, type Transaction } from 'kysely'
import { Failure } from '#shared/failure/failure.ts'
import { databaseNow, isPostgresql } from '../dialect-words.ts'
import type { Schema } from '../schema.ts'
import type { Leadership, LeadershipStore, Term } from '../store.ts'

/** The row that decides who leads, in the common subset of SQLite and PostgreSQL. */
export function leadershipQueries(db: Kysely<Schema>): LeadershipStore {
  const now = databaseNow(db)
  const told = ['holder', 'run', 'epoch', sql<number>`expires - ${now}`.as('leftMs')] as const

  const leadership = async (): Promise<Leadership> => db.selectFrom('leadership').select(told).executeTakeFirstOrThrow()

  return {
    leadership,

    async claimLeadership({ run, holder, forMs, above = 0 }) {
      // One statement: whoever waits for the row looks at it again as it is then.
      const taken = await db
        .updateTable('leadership')
        .set({
          run,
          holder,
          epoch: sql<number>`case when run = ${run} and expires > ${now} then epoch
            when epoch > ${sql.lit(above)} then epoch + 1 else ${sql.lit(above)} + 1 end`,
          expires: sql<number>`${now} + ${sql.lit(forMs)}`,
        })
        .where((row) => row.or([row('run', '=', run), row('expires', '<=', now)]))
        .returning(told)
        .executeTakeFirst()
      if (taken) return taken
      // No lease has more left than it was given: then the database's clock has gone back since, and nobody could lead for as long. Whoever
      // leads loses nothing by this; it renews long before.
      await db
        .updateTable('leadership')
        .set({ expires: sql<number>`${now} + ${sql.lit(forMs)}` })
        .where('expires', '>', sql<number>`${now} + ${sql.lit(forMs)}`)
        .execute()
      return leadership()
    },

    async resignLeadership(run) {
      await db.updateTable('leadership').set({ expires: 0 }).where('run', '=', run).execute()
    },
  }
}

/** Does something in one transaction; where a term is given, only if that lasts, else it rejects with LEADERSHIP_LOST. */
export function underTerm<T>(
  db: Kysely<Schema>,
  term: Term | undefined,
  work: (transaction: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    if (term) await needTerm(transaction, term)
    return work(transaction)
  })
}

/** Rejects with LEADERSHIP_LOST unless a term lasts, which it then does until the transaction ends. */
export async function needTerm(transaction: Transaction<Schema>, { run, epoch }: Term): Promise<void> {
  const row = transaction
    .selectFrom('leadership')
    .select(['holder', 'run', 'epoch', sql<number>`expires - ${databaseNow(transaction)}`.as('leftMs')])
  // Whoever wants to take over waits for us, not we for them. SQLite has one transaction at a time.
  const found = await (isPostgresql(transaction) ? row.forShare() : row).executeTakeFirstOrThrow()
  if (found.run === run && found.epoch === epoch && found.leftMs > 0) return
  const other = found.run === run ? 'it has ended' : `${found.holder} leads with epoch ${found.epoch}`
  throw new Failure('LEADERSHIP_LOST', `This plane led with epoch ${epoch}, but ${other}.`, { retryable: true })
}
