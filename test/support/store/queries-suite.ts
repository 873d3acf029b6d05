import type { Test } from 'tap'
import type { SyncTask } from '#control-plane/fleet/sync-task.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { mostVersions } from '#control-plane/journal/queries/routing-version-queries.ts'
import type { StoredVersion } from '#control-plane/journal/routing-version.ts'
import type { StoreKind } from './kinds.ts'

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

const version: Omit<StoredVersion, 'number'> = {
  author: 'alice',
  comment: 'why',
  source: 'api',
  hash: 'abc',
  state: 'applied',
  why: '',
  former: null,
  restores: null,
  rollout: '{}',
  at: 1_000,
  endedAt: 1_000,
}

/** What is promised of tasks, of versions of routes and of splits, whatever they lie in. */
export async function queriesSuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test(
    'what is kept too long has failed and makes room, and of those only the newest are still told of',
    async (t) => {
      await using store = await kind.open()
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
    },
  )

  await t.test('only what is the same in everything is the same task', async (t) => {
    await using store = await kind.open()
    await store.addSyncTask(task, limits)
    t.equal(await store.addSyncTask({ ...task, at: 2_000, priority: 1 }, limits), 'there')
    for (const other of [{ data: '1' }, { source: 'b' }, { targets: ['c'] }, { dataType: 'config' }])
      t.equal(await store.addSyncTask({ ...task, ...other }, limits), 'differs')
  })

  await t.test('versions are numbered, outlive the process, and tell what became of them', async (t) => {
    await using place = await kind.place()
    {
      await using store = await openStore(place.settings)
      t.equal(await store.newestRoutingVersion({}), undefined)
      t.equal(await store.addRoutingVersion(version, '[1]'), 1)
      t.equal(await store.addRoutingVersion({ ...version, state: 'staged', former: 1, endedAt: null }, '[2]'), 2)
      t.equal(await store.addRoutingVersion({ ...version, source: 'files', restores: 1 }, '[3]'), 3)
      await store.changeRoutingVersions([
        { number: 2, state: 'halted', why: 'no', rollout: '{"stage":1}', endedAt: 5_000 },
        { number: 3, state: 'staged', why: '', rollout: '{}', endedAt: null },
      ])
    }
    await using store = await openStore(place.settings)
    t.strictSame(await store.routingVersion(2), {
      ...version,
      number: 2,
      state: 'halted',
      why: 'no',
      former: 1,
      rollout: '{"stage":1}',
      endedAt: 5_000,
      files: '[2]',
    })
    t.equal(await store.routingVersion(9), undefined)
    const numbers = async (before: number | undefined, limit: number) =>
      (await store.routingVersions({ before, limit })).map(({ number }) => number)
    t.strictSame(await numbers(undefined, 2), [3, 2])
    t.strictSame(await numbers(2, 5), [1])
    t.match(await store.newestRoutingVersion({ state: 'applied' }), { number: 1, files: '[1]' })
    t.match(await store.newestRoutingVersion({ source: 'files' }), { number: 3, restores: 1, endedAt: null })
  })

  await t.test('what is known of a split is replaced, and outlives the process', async (t) => {
    await using place = await kind.place()
    const crm = { service: 'crm', phase: 'running', state: '{"step":1}', at: 5_000 }
    {
      await using store = await openStore(place.settings)
      t.strictSame(await store.routingSplits(), [])
      await store.saveRoutingSplits([
        { ...crm, phase: 'ready' },
        { ...crm, service: 'billing' },
      ])
      await store.saveRoutingSplits([crm])
    }
    await using store = await openStore(place.settings)
    t.strictSame(await store.routingSplits(), [{ ...crm, service: 'billing' }, crm])
  })

  await t.test('releases and their rollouts are replaced by what is newer, and outlive the process', async (t) => {
    await using place = await kind.place()
    const release = {
      version: '1.4.0',
      sha256: 'ab'.repeat(32),
      bytes: 45_000_000,
      signed: '{}',
      author: 'eve',
      at: 5_000,
    }
    const rollout = { id: 1, scope: 'all', version: '1.4.0', phase: 'running', state: '{"stage":1}', at: 6_000 }
    {
      await using store = await openStore(place.settings)
      t.strictSame([await store.releases(), await store.rollouts(5)], [[], []])
      await store.saveRelease({ ...release, version: '1.3.0' }, [])
      await store.saveRelease({ ...release, bytes: 1 }, ['1.3.0'])
      await store.saveRelease(release, [])
      const two = [
        { ...rollout, phase: 'halted' },
        { ...rollout, id: 2 },
      ]
      await store.saveRollouts(two, 9)
      await store.saveRollouts([rollout], 9)
    }
    await using store = await openStore(place.settings)
    t.strictSame(await store.releases(), [release])
    t.strictSame(await store.rollouts(5), [{ ...rollout, id: 2 }, rollout])
    t.strictSame(await store.rollouts(1), [{ ...rollout, id: 2 }])
    const over = { ...rollout, id: 3, phase: 'done' }
    await store.saveRollouts([over], 9)
    t.strictSame(await store.rollouts(2), [{ ...rollout, id: 2 }, rollout], 'those that are not over first')
    t.strictSame(await store.rollouts(3), [{ ...rollout, id: 2 }, rollout, over])
    const stopped = { ...rollout, id: 4, phase: 'stopped' }
    await store.saveRollouts([stopped], 3)
    t.strictSame(
      await store.rollouts(9),
      [{ ...rollout, id: 2 }, rollout, stopped],
      'the oldest of those that are over goes',
    )
    await store.saveRollouts([stopped], 1)
    t.strictSame(await store.rollouts(9), [{ ...rollout, id: 2 }, rollout], 'and no other')
  })

  await t.test('old versions make room, but never the one that holds', async (t) => {
    await using store = await kind.open()
    await store.addRoutingVersion(version, '')
    for (let count = 0; count <= mostVersions; count += 1)
      await store.addRoutingVersion({ ...version, state: 'halted' }, '')
    const kept = await store.routingVersions({ before: undefined, limit: 2 * mostVersions })
    t.equal(kept.length, mostVersions + 1)
    t.equal(kept.at(-1)?.number, 1)
    t.equal(kept.at(-2)?.number, 3)
  })
}
