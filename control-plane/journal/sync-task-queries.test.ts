import t from 'tap'
import { openStore } from './open-store.ts'
import type { SyncTask } from './sync-task.ts'

const task: SyncTask = {
  id: 't-1',
  source: 'basic-1',
  targets: [],
  dataType: 'user',
  data: '{"id":7}',
  priority: 5,
  timestamp: 0,
  at: 1_000,
}
const limits = { tasks: 3, bytes: 100, keptMs: 10_000 }

t.test('what is kept too long has failed and makes room, and of those only the newest are still told of', async (t) => {
  await using store = await openStore({ path: ':memory:' })
  for (let number = 1; number <= 3; number += 1)
    t.equal(await store.addSyncTask({ ...task, id: `t-${number}` }, limits), 'added')
  t.equal(await store.addSyncTask({ ...task, id: 't-4', at: 11_000 }, limits), 'full', 'not a moment too early')
  t.equal(await store.addSyncTask({ ...task, id: 't-4', at: 11_001 }, limits), 'added')
  t.match(await store.syncTask('t-1'), { status: 'failed', error: 'expired', bytes: 0 })
  t.match(await store.syncTask('t-4'), { status: 'pending', error: null, bytes: 8 })
  t.equal(await store.addSyncTask({ ...task, id: 't-5', at: 30_000 }, limits), 'added')
  t.equal(await store.syncTask('t-1'), undefined)
  const all = await store.syncTasks({ source: undefined, before: undefined, limit: 10 })
  t.strictSame(
    all.map(({ id, status }) => `${id} ${status}`),
    ['t-5 pending', 't-4 failed', 't-3 failed', 't-2 failed'],
  )
})

t.test('only what is the same in everything is the same task', async (t) => {
  await using store = await openStore({ path: ':memory:' })
  await store.addSyncTask(task, limits)
  t.equal(await store.addSyncTask({ ...task, at: 2_000, priority: 1 }, limits), 'there')
  for (const other of [{ data: '1' }, { source: 'b' }, { targets: ['c'] }, { dataType: 'config' }])
    t.equal(await store.addSyncTask({ ...task, ...other }, limits), 'differs')
})
