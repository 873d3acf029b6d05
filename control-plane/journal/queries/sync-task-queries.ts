import type { Kysely, Selectable, Transaction } from 'kysely'
import type { SyncTask, SyncTaskView } from '../../fleet/sync-task.ts'
import { takeTurn } from '../dialect-words.ts'
import type { Schema, SyncTasks } from '../schema.ts'
import type { SyncTaskStore } from '../store.ts'
import { storable } from '../stored-event.ts'
import { isoTime } from '../tables/rows.ts'

const told = [
  'id',
  'task_id',
  'source_node',
  'target_nodes',
  'data_type',
  'priority',
  'status',
  'error',
  'timestamp',
  'bytes',
  'created_at',
] as const

/** Keeps what is handed over, in the common subset of SQLite and PostgreSQL. */
export function syncTaskQueries(db: Kysely<Schema>): SyncTaskStore {
  return {
    addSyncTask(task, limits) {
      return db.transaction().execute(async (transaction) => {
        await takeTurn(transaction, 'sync_tasks')
        const known = await transaction
          .selectFrom('sync_tasks')
          .select(['source_node', 'target_nodes', 'data_type', 'data'])
          .where('task_id', '=', task.id)
          .executeTakeFirst()
        if (known) return isSame(known, task) ? 'there' : 'differs'
        await expire(transaction, task.at - limits.keptMs, limits.tasks)
        const bytes = Buffer.byteLength(task.data)
        const { tasks, sum } = await transaction
          .selectFrom('sync_tasks')
          .select((row) => [row.fn.countAll<number>().as('tasks'), row.fn.sum<number | null>('bytes').as('sum')])
          .where('status', '=', 'pending')
          .executeTakeFirstOrThrow()
        if (Number(tasks) >= limits.tasks || Number(sum ?? 0) + bytes > limits.bytes) return 'full'
        await transaction
          .insertInto('sync_tasks')
          .values({
            task_id: task.id,
            source_node: task.source,
            target_nodes: JSON.stringify(task.targets),
            data_type: task.dataType,
            data: task.data,
            priority: task.priority,
            status: 'pending',
            error: null,
            timestamp: isoTime(task.timestamp),
            bytes,
            created_at: isoTime(task.at),
            updated_at: isoTime(task.at),
          })
          .execute()
        return 'added'
      })
    },

    async syncTask(id) {
      const row = await db.selectFrom('sync_tasks').select(told).where('task_id', '=', id).executeTakeFirst()
      return row && viewOf(row)
    },

    async syncTasks({ source, before, limit }) {
      let query = db.selectFrom('sync_tasks').select(told).orderBy('id', 'desc').limit(limit)
      if (source !== undefined) query = query.where('source_node', '=', source)
      if (before !== undefined) query = query.where('id', '<', before)
      return (await query.execute()).map(viewOf)
    },
  }
}

/** What nobody came for in time has failed, and the newest of those that have are still told of. */
async function expire(transaction: Transaction<Schema>, before: number, most: number): Promise<void> {
  await transaction
    .updateTable('sync_tasks')
    .set({ status: 'failed', error: 'expired', data: '', bytes: 0 })
    .where('status', '=', 'pending')
    .where('created_at', '<', isoTime(before))
    .execute()
  const oldest = await transaction
    .selectFrom('sync_tasks')
    .select('id')
    .where('status', '=', 'failed')
    .orderBy('id', 'desc')
    .offset(most)
    .limit(1)
    .executeTakeFirst()
  if (!oldest) return
  await transaction.deleteFrom('sync_tasks').where('status', '=', 'failed').where('id', '<=', oldest.id).execute()
}

type Kept = Pick<Selectable<SyncTasks>, 'source_node' | 'target_nodes' | 'data_type' | 'data'>

function isSame(kept: Kept, task: SyncTask): boolean {
  return (
    kept.source_node === storable(task.source) &&
    kept.target_nodes === JSON.stringify(task.targets) &&
    kept.data_type === task.dataType &&
    kept.data === task.data
  )
}

function viewOf(row: Pick<Selectable<SyncTasks>, (typeof told)[number]>): SyncTaskView {
  return {
    number: row.id,
    id: row.task_id,
    source: row.source_node,
    targets: JSON.parse(row.target_nodes),
    dataType: row.data_type,
    priority: row.priority,
    status: row.status,
    error: row.error,
    timestamp: Date.parse(row.timestamp),
    bytes: row.bytes,
    at: Date.parse(row.created_at),
  }
}
