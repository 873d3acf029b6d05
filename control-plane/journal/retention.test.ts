import fc from 'fast-check'
import t from 'tap'
import { droppableUpTo, isSnapshotDue, keptSnapshots } from './retention.ts'

const hour = 3_600_000
const day = 24 * hour
const now = 100 * day + 5 * hour

function snapshot(revision: number, at: number) {
  return { revision, at, version: 1, parts: 1 }
}

t.test('the two newest and the first of each day within the retention are kept', async (t) => {
  const taken = [
    snapshot(10, now - 40 * day),
    snapshot(20, now - 3 * day),
    snapshot(30, now - 3 * day + hour),
    snapshot(40, now - day),
    snapshot(50, now - 2 * hour),
    snapshot(60, now - hour),
    snapshot(70, now),
  ]
  const kept = keptSnapshots(taken, now, 30 * day)
  t.strictSame(
    kept.map(({ revision }) => revision),
    [20, 40, 50, 60, 70],
  )
})

t.test('without any retention the two newest are left', async (t) => {
  const taken = [snapshot(10, now - 2), snapshot(20, now - 1), snapshot(30, now)]
  t.strictSame(
    keptSnapshots(taken, now, 0).map(({ revision }) => revision),
    [20, 30],
  )
})

t.test('nothing after the oldest kept snapshot, and nothing within the retention, may be dropped', async (t) => {
  t.equal(droppableUpTo([snapshot(20, 0), snapshot(30, 0)], 100), 20)
  t.equal(droppableUpTo([snapshot(20, 0)], 12), 12)
  t.equal(droppableUpTo([], 100), 0)
})

t.test('the tail after any kept snapshot is always there', async (t) => {
  const snapshots = fc.array(fc.record({ revision: fc.nat(1000), at: fc.integer({ min: now - 90 * day, max: now }) }), {
    minLength: 1,
  })
  fc.assert(
    fc.property(snapshots, fc.nat(2000), fc.integer({ min: 0, max: 60 * day }), (taken, cutoff, retention) => {
      const all = taken.map(({ revision, at }) => snapshot(revision, at))
      const kept = keptSnapshots(all, now, retention)
      const newest = Math.max(...all.map(({ revision }) => revision))
      const upTo = droppableUpTo(kept, cutoff)
      return kept.some(({ revision }) => revision === newest) && kept.every(({ revision }) => revision >= upTo)
    }),
  )
  t.pass()
})

for (const { when, events, beliefs, sinceMs, due } of [
  { when: 'nothing has happened', events: 0, beliefs: 10, sinceMs: 100 * day, due: false },
  { when: 'few events are young', events: 99, beliefs: 10, sinceMs: hour - 1, due: false },
  { when: 'there are enough events', events: 100, beliefs: 10, sinceMs: 0, due: true },
  { when: 'the events are few for so large a fleet', events: 100, beliefs: 101, sinceMs: 0, due: false },
  { when: 'one event is old', events: 1, beliefs: 1_000, sinceMs: hour, due: true },
]) {
  t.test(`a snapshot is ${due ? '' : 'not '}due when ${when}`, async (t) => {
    t.equal(isSnapshotDue(events, beliefs, sinceMs, { everyEvents: 100, withinMs: hour }), due)
  })
}
