import type { Test } from 'tap'
import type { Replica } from '#control-plane/fleet/replica.ts'
import { waitFor } from '../wait.ts'
import type { StoreKind } from './kinds.ts'

export function replica(run: string, more: Partial<Replica> = {}): Replica {
  const about = { holder: 'one', api: 'http://one:8888', key: 'k', machine: 'm1', site: 'tencent', version: '1' }
  return { run, ...about, state: 'serving', revision: 0, sessions: 0, ...more }
}

/** What is promised of the planes that share a store. */
export async function replicasSuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('each replica is known by its own word, the oldest first, until it is dropped', async (t) => {
    await using store = await kind.open()
    t.strictSame(await store.replicas(), [])
    t.match(await store.beatReplica(replica('r1'), 60_000), [{ ...replica('r1'), agoMs: Number, forMs: Number }])
    await waitFor(async () => ((await store.replicas())[0]?.agoMs ?? 0) > 1, { what: 'a moment', withinMs: 20_000 })
    const both = await store.beatReplica(replica('r2', { holder: 'two', state: 'leaving' }), 60_000)
    t.match(both, [{ run: 'r1' }, { run: 'r2', holder: 'two', state: 'leaving' }])
    const [first] = await store.beatReplica(replica('r1', { revision: 2 ** 40, sessions: 7 }), 60_000)
    t.match(first, { run: 'r1', revision: 2 ** 40, sessions: 7 })
    t.ok((first?.forMs ?? 0) > (first?.agoMs ?? 0), 'it came earlier than it was seen')
    t.ok((first?.agoMs ?? -1) >= 0)
    await store.dropReplica('r1')
    t.match(await store.replicas(), [{ run: 'r2' }])
    t.equal((await store.replicas()).length, 1)
  })

  await t.test('whoever was not seen for long is forgotten by the others, and never by itself', async (t) => {
    await using store = await kind.open()
    await store.beatReplica(replica('r1'), 60_000)
    const left = await waitFor(() => store.beatReplica(replica('r2'), 1), {
      what: 'the end of the first',
      withinMs: 20_000,
      until: (all) => all.length === 1,
    })
    t.match(left, [{ run: 'r2' }])
  })

  await t.test('one that starts again and again fills nothing', async (t) => {
    await using store = await kind.open()
    for (let run = 0; run < 120; run += 1) await store.beatReplica(replica(`r${run}`), 60_000)
    const all = await store.replicas()
    t.ok(all.length <= 101)
    t.ok(all.some(({ run }) => run === 'r119'))
  })
}
