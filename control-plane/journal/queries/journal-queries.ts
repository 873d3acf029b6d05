import type { Kysely } from 'kysely'
import { Failure } from '#shared/failure/failure.ts'
import { tellAppended } from '../dialect-words.ts'
import type { Schema } from '../schema.ts'
import type { JournalStore } from '../store.ts'
import { addAudit } from './audit-queries.ts'
import { needTerm, underTerm } from './leadership-queries.ts'

/** Rows in one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535. */
const rowsInStatement = 500

/** The journal's side of a store, in the common subset of SQLite and PostgreSQL. */
export function journalQueries(db: Kysely<Schema>): JournalStore {
  const head = async () => {
    const { revision } = await db.selectFrom('journal_head').select('revision').executeTakeFirstOrThrow()
    return revision
  }
  const oldest = async () => {
    const first = await db.selectFrom('journal').select('revision').orderBy('revision').limit(1).executeTakeFirst()
    return first?.revision
  }
  return {
    head,
    oldest,

    append(events, { atLeast = 0, term, audit = [] } = {}) {
      return db.transaction().execute(async (transaction) => {
        if (term) await needTerm(transaction, term)
        // This row orders all who append: whoever has it commits before the next one gets it.
        const { revision: last } = await transaction
          .updateTable('journal_head')
          .set((row) => ({ revision: row('revision', '+', events.length) }))
          .returning('revision')
          .executeTakeFirstOrThrow()
        const first = last - events.length + 1
        if (first <= atLeast) {
          throw new Failure('STORE_CORRUPT', `The store went back from revision ${atLeast} to ${first - 1}.`)
        }
        for (let from = 0; from < events.length; from += rowsInStatement) {
          const rows = events.slice(from, from + rowsInStatement).map((event, index) => ({
            revision: first + from + index,
            at: event.at,
            by: event.by,
            subject_kind: event.subjectKind,
            subject_id: event.subjectId,
            version: event.version,
            kind: event.kind,
            seen: event.seen,
            body: event.body,
            tenant: event.tenant ?? null,
          }))
          await transaction.insertInto('journal').values(rows).execute()
        }
        await addAudit(transaction, audit)
        await tellAppended(transaction, last)
        return last
      })
    },

    async read(after, limit, tenant) {
      return await db
        .selectFrom('journal')
        .where('revision', '>', after)
        .$if(tenant !== undefined, (query) => query.where('tenant', '=', tenant ?? ''))
        .orderBy('revision')
        .limit(limit)
        .select(['revision', 'at', 'by', 'subject_kind as subjectKind', 'subject_id as subjectId'])
        .select(['version', 'kind', 'seen', 'body', 'tenant'])
        .execute()
    },

    async revisionAt(time) {
      const first = await db
        .selectFrom('journal')
        .where('at', '>=', time)
        .orderBy('at')
        .orderBy('revision')
        .limit(1)
        .select('revision')
        .executeTakeFirst()
      return first ? first.revision - 1 : head()
    },

    async probe() {
      await db
        .updateTable('journal_head')
        .set((row) => ({ revision: row.ref('revision') }))
        .execute()
    },

    async snapshots() {
      return await db.selectFrom('snapshots').selectAll().orderBy('revision', 'desc').execute()
    },

    async snapshotPart(revision, part) {
      const row = await db
        .selectFrom('snapshot_parts')
        .where('revision', '=', revision)
        .where('part', '=', part)
        .select('body')
        .executeTakeFirst()
      return row?.body
    },

    async saveSnapshotPart(revision, part, body, term) {
      await underTerm(db, term, (transaction) =>
        transaction.insertInto('snapshot_parts').values({ revision, part, body }).execute(),
      )
    },

    async finishSnapshot({ revision, at, version, parts }, term) {
      await underTerm(db, term, async (transaction) => {
        const { saved } = await transaction
          .selectFrom('snapshot_parts')
          .where('revision', '=', revision)
          .select(({ fn }) => fn.countAll<number>().as('saved'))
          .executeTakeFirstOrThrow()
        if (Number(saved) !== parts) {
          throw new Failure('STORE_CORRUPT', `Snapshot ${revision} has ${saved} of its ${parts} parts.`)
        }
        await transaction.insertInto('snapshots').values({ revision, at, version, parts }).execute()
      })
    },

    async dropSnapshot(revision, term) {
      await underTerm(db, term, (transaction) =>
        transaction.deleteFrom('snapshots').where('revision', '=', revision).execute(),
      )
    },

    async dropParts(limit, term) {
      const orphan = await db
        .selectFrom('snapshot_parts')
        .where('revision', 'not in', (query) => query.selectFrom('snapshots').select('revision'))
        .select('revision')
        .select(({ fn }) => fn.min('part').as('part'))
        .groupBy('revision')
        .limit(1)
        .executeTakeFirst()
      if (!orphan) return 0
      const { numDeletedRows } = await underTerm(db, term, (transaction) =>
        transaction
          .deleteFrom('snapshot_parts')
          .where('revision', '=', orphan.revision)
          .where('part', '<', orphan.part + limit)
          .executeTakeFirst(),
      )
      return Number(numDeletedRows)
    },

    async dropEntries(upTo, limit, term) {
      const first = await oldest()
      if (first === undefined || first > upTo) return 0
      const { numDeletedRows } = await underTerm(db, term, (transaction) =>
        transaction
          .deleteFrom('journal')
          .where('revision', '<=', Math.min(upTo, first + limit - 1))
          .executeTakeFirst(),
      )
      return Number(numDeletedRows)
    },
  }
}
