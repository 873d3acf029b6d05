import type { Kysely, Selectable, Transaction } from 'kysely'
import { rowHash } from '#shared/audit/chain.ts'
import type { AuditDraft, AuditStore, StoredAudit } from '../../fleet/audit.ts'
import type { AuditRow, Schema } from '../schema.ts'
import { storable } from '../stored-event.ts'
import { isoTime } from '../tables/rows.ts'

/** Rows in one statement. */
const rowsInStatement = 500

/** The audit, in the common subset of SQLite and PostgreSQL. */
export function auditQueries(db: Kysely<Schema>): Omit<AuditStore, 'audited'> {
  const chain = async () => {
    const head = await db.selectFrom('audit_head').selectAll().executeTakeFirstOrThrow()
    return {
      head: { seq: head.seq, hash: head.hash },
      dropped: { seq: head.dropped_seq, hash: head.dropped_hash },
    }
  }
  return {
    auditChain: chain,

    appendAudit: (rows) => db.transaction().execute((transaction) => addAudit(transaction, rows)),

    async readAudit(after, limit) {
      const rows = await db.selectFrom('audit').selectAll().where('id', '>', after).orderBy('id').limit(limit).execute()
      return rows.map(auditOf)
    },

    dropAudit: (before, limit) =>
      db.transaction().execute(async (transaction) => {
        const head = await lockHead(transaction)
        const old = await transaction
          .selectFrom('audit')
          .select(['id', 'hash', 'at'])
          .where('id', '<', head.seq)
          .orderBy('id')
          .limit(limit)
          .execute()
        // Clocks of planes differ a little: what is dropped is always a beginning.
        const kept = old.findIndex(({ at }) => at >= isoTime(before))
        const gone = kept < 0 ? old : old.slice(0, kept)
        const last = gone.at(-1)
        if (!last) return 0
        await transaction.deleteFrom('audit').where('id', '<=', last.id).execute()
        await transaction.updateTable('audit_head').set({ dropped_seq: last.id, dropped_hash: last.hash }).execute()
        return gone.length
      }),
  }
}

/**
 * Adds rows as a part of a transaction, as the last thing that it does: whoever has the row of the head commits before the next one gets it,
 * and waits for nobody. Resolves with the number of the last one.
 */
export async function addAudit(transaction: Transaction<Schema>, drafts: readonly AuditDraft[]): Promise<number> {
  if (drafts.length === 0) return 0
  const head = await lockHead(transaction)
  let { seq, hash } = head
  const rows = drafts.map((draft) => {
    seq += 1
    const row = { seq, ...textsOf(draft), at: isoTime(draft.at) }
    hash = rowHash(hash, row)
    const { caller, operation, subject, why, at } = row
    return { id: seq, at, caller, source: row.from, operation, subject, was: row.before, became: row.after, why, hash }
  })
  for (let from = 0; from < rows.length; from += rowsInStatement) {
    await transaction
      .insertInto('audit')
      .values(rows.slice(from, from + rowsInStatement))
      .execute()
  }
  await transaction.updateTable('audit_head').set({ seq, hash }).execute()
  return seq
}

async function lockHead(transaction: Transaction<Schema>) {
  return await transaction
    .updateTable('audit_head')
    .set((row) => ({ seq: row.ref('seq') }))
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow()
}

function textsOf({ at: _, ...texts }: AuditDraft) {
  const { caller, from, operation, subject, before, after, why } = texts
  return {
    caller: storable(caller),
    from: storable(from),
    operation: storable(operation),
    subject: storable(subject),
    before: storable(before),
    after: storable(after),
    why: storable(why),
  }
}

function auditOf(row: Selectable<AuditRow>): StoredAudit {
  const { id: seq, at, caller, source: from, operation, subject, was: before, became: after, why, hash } = row
  return { seq, at: Date.parse(at), caller, from, operation, subject, before, after, why, hash }
}
