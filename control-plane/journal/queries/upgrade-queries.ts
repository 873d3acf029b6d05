import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Schema } from '../schema.ts'
import type { UpgradeStore } from '../store.ts'
import { isoTime } from '../tables/rows.ts'
import { underTerm } from './leadership-queries.ts'

/** Keeps releases of agents and their rollouts, in the common subset of SQLite and PostgreSQL. */
export function upgradeQueries(db: Kysely<Schema>): UpgradeStore {
  return {
    async saveRelease({ at, ...release }, drop, term) {
      const row = { ...release, created_at: isoTime(at) }
      await underTerm(db, term, async (transaction) => {
        if (drop.length > 0)
          await transaction
            .deleteFrom('releases')
            .where('version', 'in', [...drop])
            .execute()
        await transaction
          .insertInto('releases')
          .values(row)
          .onConflict((known) => known.column('version').doUpdateSet(row))
          .execute()
      })
    },

    async releases() {
      const rows = await db
        .selectFrom('releases')
        .select(['version', 'sha256', 'bytes', 'signed', 'author', 'created_at'])
        .orderBy('id')
        .execute()
      return rows.map(({ created_at, bytes, ...row }) => ({ ...row, bytes: Number(bytes), at: Date.parse(created_at) }))
    },

    async saveRollouts(rollouts, most, term) {
      await underTerm(db, term, async (transaction) => {
        for (const { id, at, ...rollout } of rollouts) {
          const row = { ...rollout, updated_at: isoTime(at) }
          await transaction
            .insertInto('upgrade_rollouts')
            .values({ rollout_id: id, ...row })
            .onConflict((known) => known.column('rollout_id').doUpdateSet(row))
            .execute()
        }
        await transaction
          .deleteFrom('upgrade_rollouts')
          .where('phase', 'in', over)
          .where('rollout_id', 'not in', mostNeeded(transaction, most).select('rollout_id'))
          .execute()
      })
    },

    async rollouts(limit) {
      const rows = await mostNeeded(db, limit)
        .select(['rollout_id', 'scope', 'version', 'phase', 'state', 'updated_at'])
        .execute()
      return rows.map(({ rollout_id, updated_at, ...row }) => ({
        ...row,
        id: Number(rollout_id),
        at: Date.parse(updated_at),
      }))
    },
  }
}

const over = ['done', 'stopped']

/** So many rollouts, the newest first: one that is not over is needed, however many were begun after it. */
function mostNeeded(db: Kysely<Schema>, most: number) {
  const isOver = ({ case: either }: ExpressionBuilder<Schema, 'upgrade_rollouts'>) =>
    either().when('phase', 'in', over).then(1).else(0).end()
  return db.selectFrom('upgrade_rollouts').orderBy(isOver).orderBy('rollout_id', 'desc').limit(most)
}
