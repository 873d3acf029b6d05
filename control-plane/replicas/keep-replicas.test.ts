import t from 'tap'
import { logLines, memoryStore } from '#test/support/store/journal.ts'
import { waitFor } from '#test/support/wait.ts'
import { type ReplicaRows, Replicas } from './keep-replicas.ts'

const self = { holder: 'one', api: 'http://one:8888', key: 'k', machine: 'm1', site: 'tencent', version: '1' }

function replicas(rows: ReplicaRows | undefined, run: string, revision = () => 0) {
  return new Replicas({ rows, self: { ...self, run }, revision, log: logLines().log, beatEveryMs: 20 })
}

const until = (look: () => unknown, what: string) => waitFor(look, { what, withinMs: 20_000 })

t.test('replicas hear of each other once they are announced, and of their end', async (t) => {
  await using store = await memoryStore()
  await using one = replicas(store, 'r1', () => 7)
  one.announce(() => 3)
  await until(async () => (await store.replicas()).length === 1, 'the first')
  const heard: string[] = []
  one.onChange((all) => heard.push(all.map(({ run, state }) => `${run} ${state}`).join()))
  {
    await using two = replicas(store, 'r2')
    await until(() => two.find('r1'), 'the second to see the first')
    t.match(two.find('r1'), { revision: 7, sessions: 3, alive: true, self: false })
    t.equal(one.find('r2'), undefined, 'it is not announced')
    two.announce(() => 0)
    await until(() => one.find('r2'), 'the first to see the second')
    await two.leave()
    await until(() => one.find('r2')?.state === 'leaving', 'the first to see it leave')
  }
  await until(() => !one.find('r2'), 'the first to see its end')
  t.strictSame(heard, ['r1 serving,r2 serving', 'r1 serving,r2 leaving', 'r1 serving'])
})

t.test('while the store is away all are as they were', async (t) => {
  await using store = await memoryStore()
  let away = false
  const gone = <T>(act: () => Promise<T>) => (away ? Promise.reject(new Error('away')) : act())
  const rows: ReplicaRows = {
    beatReplica: (...args) => gone(() => store.beatReplica(...args)),
    dropReplica: store.dropReplica,
    replicas: () => gone(store.replicas),
  }
  await using one = replicas(rows, 'r1')
  t.equal(one.lookedAgoMs, Number.POSITIVE_INFINITY)
  one.announce(() => 0)
  await using two = replicas(store, 'r2')
  two.announce(() => 0)
  await until(() => one.find('r2'), 'the second')
  away = true
  const looked = one.lookedAgoMs
  await until(() => one.lookedAgoMs > looked + 100, 'some looks that fail')
  t.match(one.find('r2'), { alive: true })
  away = false
  await until(() => one.lookedAgoMs < 100, 'a look that succeeds')
})

t.test('one that shares its store with nobody knows itself', async (t) => {
  await using one = replicas(undefined, 'r1')
  one.announce(() => 2)
  t.match(one.list(), [{ run: 'r1', self: true, alive: true, sessions: 2 }])
  t.equal(one.lookedAgoMs, 0)
  await one.leave()
  t.match(one.list(), [{ state: 'leaving' }])
})
