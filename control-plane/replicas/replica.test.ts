import fc from 'fast-check'
import t from 'tap'
import type { Replica, StoredReplica } from '../fleet/replica.ts'
import { aliveForMs, isOtherSet, replicasSeen } from './replica.ts'

const about = { holder: 'one', api: 'http://one:8888', key: 'k', machine: 'm1', site: 'tencent', version: '1' }
const self: Replica = { run: 'r1', ...about, state: 'serving', revision: 9, sessions: 3 }
const row = (run: string, more: Partial<StoredReplica> = {}): StoredReplica => ({
  ...self,
  run,
  agoMs: 0,
  forMs: 0,
  ...more,
})

for (const { what, agoMs, alive } of [
  { what: 'was seen just now', agoMs: 0, alive: true },
  { what: 'was seen a moment ago', agoMs: aliveForMs - 1, alive: true },
  { what: 'was not seen for long', agoMs: aliveForMs, alive: false },
]) {
  t.test(`one that ${what} ${alive ? 'lives' : 'does not count as alive'}`, async (t) => {
    t.match(replicasSeen([row('r2', { agoMs })], self, 1), [{ run: 'r1' }, { run: 'r2', alive, self: false }])
  })
}

t.test('this one is always there and alive, as it is now, however old its word in the store is', async (t) => {
  const old = row('r1', { agoMs: 99_999, revision: 2 })
  t.match(replicasSeen([old], self, 50), [{ run: 'r1', alive: true, self: true, agoMs: 0, forMs: 50, revision: 9 }])
  t.equal(replicasSeen([old], self, 50).length, 1)
  t.match(replicasSeen([], self, 50), [{ run: 'r1' }])
})

t.test('the oldest is first', async (t) => {
  const rows = [row('r3', { forMs: 5 }), row('r2', { forMs: 90 })]
  t.match(
    replicasSeen(rows, self, 50).map(({ run }) => run),
    ['r2', 'r1', 'r3'],
  )
})

for (const { what, more, other } of [
  { what: 'falls silent', more: { agoMs: aliveForMs }, other: true },
  { what: 'begins to leave', more: { state: 'leaving' }, other: true },
  { what: 'is asked elsewhere', more: { api: 'http://two:1' }, other: true },
  { what: 'has come further', more: { revision: 10, sessions: 4, agoMs: 300, forMs: 9 }, other: false },
] as const) {
  t.test(`that one ${what} ${other ? 'is' : 'is no'} news`, async (t) => {
    const before = replicasSeen([row('r2')], self, 1)
    t.equal(isOtherSet(before, replicasSeen([row('r2', more)], self, 2)), other)
  })
}

t.test('that one comes or goes is news, in whatever order they are named', async (t) => {
  const runs = fc.uniqueArray(fc.constantFrom('r2', 'r3', 'r4', 'r5'))
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(runs, runs, (before, after) => {
        const seen = (names: readonly string[]) =>
          replicasSeen(
            names.map((run, at) => row(run, { forMs: at })),
            self,
            1,
          )
        const same = before.toSorted().join() === after.toSorted().join()
        return isOtherSet(seen(before), seen(after)) === !same
      }),
    ),
  )
})
