import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import type { RoutingSplitStore } from '../store.ts'
import { isoTime } from '../tables/rows.ts'
import { underTerm } from './leadership-queries.ts'

/** Keeps how far the splits of services are, in the common subset of SQLite and PostgreSQL. */
export function routingSplitQueries(db: Kysely<Schema>): RoutingSplitStore {
  return {
    async saveRoutingSplits(splits, term) {
      await underTerm(db, term, async (transaction) => {
        for (const { service, phase, state, at } of splits) {
          const row = { phase, state, updated_at: isoTime(at) }
          await transaction
            .insertInto('routing_splits')
            .values({ service, ...row })
            .onConflict((known) => known.column('service').doUpdateSet(row))
            .execute()
        }
      })
    },

    async routingSplits() {
      const rows = await db
        .selectFrom('routing_splits')
        .select(['service', 'phase', 'updated_at', 'state'])
        .orderBy('service')
        .execute()
      return rows.map(({ updated_at, ...row }) => ({ ...row, at: Date.parse(updated_at) }))
    },
  }
}
