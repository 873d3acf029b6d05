import t from 'tap'
import { logLines, memoryStore } from '#test/support/store/journal.ts'
import { waitFor } from '#test/support/wait.ts'
import { LeadershipKeeper, type LeadershipRow, type Standing } from './keep-leadership.ts'

const pace = { renewEveryMs: 20, forMs: 2_000 }

const never = new AbortController().signal

function keeper(row: LeadershipRow, run: string, mayClaim = () => true) {
  const { log, lines } = logLines()
  const kept = new LeadershipKeeper({ row, run, holder: `plane ${run}`, log, pace, mayClaim })
  const heard: Standing[] = []
  kept.onChange((standing) => heard.push(standing))
  return { kept, heard, lines, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() }
}

t.test('one of two leads; when it ends the other one does at once, with a greater epoch', async (t) => {
  await using store = await memoryStore()
  await using one = keeper(store, 'r1')
  t.strictSame(await one.kept.leading(never), { run: 'r1', epoch: 1 })
  await using two = keeper(store, 'r2')
  const waiting = two.kept.leading(never)
  await waitFor(() => two.kept.leader(), { what: 'hearing who leads', withinMs: 20_000 })
  t.match(two.kept.leader(), { run: 'r1', holder: 'plane r1' })
  t.equal(two.kept.term(), undefined)
  await one[Symbol.asyncDispose]()
  t.equal(one.kept.term(), undefined)
  t.strictSame(await waiting, { run: 'r2', epoch: 2 })
  t.match(two.lines.at(-1), { msg: 'this plane leads', epoch: 2 })
})

t.test('a leadership that cannot be renewed ends by our own clock, and comes back as another one', async (t) => {
  await using store = await memoryStore()
  let away = false
  const row: LeadershipRow = {
    claimLeadership: (claim) => (away ? Promise.reject(new Error('away')) : store.claimLeadership(claim)),
    resignLeadership: store.resignLeadership,
    leadership: store.leadership,
  }
  await using one = keeper(row, 'r1')
  await one.kept.leading(never)
  away = true
  await waitFor(() => one.kept.term() === undefined, { what: 'the end', withinMs: 20_000 })
  await waitFor(() => one.heard.at(-1)?.term === undefined, { what: 'the word of it', withinMs: 20_000 })
  t.match(one.heard.at(-1)?.leader, { run: 'r1' }, 'of another one nothing was heard')
  // By the store's clock it has ended too.
  await waitFor(async () => (await store.leadership()).leftMs <= 0, { what: 'the end there', withinMs: 20_000 })
  away = false
  t.strictSame(await one.kept.leading(never), { run: 'r1', epoch: 2 })
})

t.test('a leadership that another one has taken is told, and is not ours any more', async (t) => {
  await using store = await memoryStore()
  await using one = keeper(store, 'r1')
  await one.kept.leading(never)
  await store.resignLeadership('r1')
  await store.claimLeadership({ run: 'r2', holder: 'two', forMs: 60_000 })
  await waitFor(() => one.heard.some(({ leader }) => leader?.run === 'r2'), { what: 'the word', withinMs: 20_000 })
  t.equal(one.kept.term(), undefined)
})

t.test('whoever is stopped waits no longer', async (t) => {
  await using store = await memoryStore()
  await store.claimLeadership({ run: 'r2', holder: 'two', forMs: 60_000 })
  const stop = new AbortController()
  await using one = keeper(store, 'r1')
  const waiting = one.kept.leading(stop.signal)
  stop.abort()
  t.equal(await waiting, undefined)
})

t.test('one that was seen to renew is remembered; one that only stands in the store is not', async (t) => {
  await using store = await memoryStore()
  await store.claimLeadership({ run: 'dead', holder: 'dead', forMs: 500 })
  await using one = keeper(store, 'r1')
  await one.kept.leading(never)
  t.equal(one.kept.hasSeenLead('dead'), false)
  await using two = keeper(store, 'r2')
  await waitFor(() => two.kept.hasSeenLead('r1'), { what: 'seeing it renew', withinMs: 20_000 })
  t.equal(two.kept.hasSeenLead('r2'), false)
})

t.test('one whose epoch somebody else has passed leads on above that', async (t) => {
  await using store = await memoryStore()
  await using one = keeper(store, 'r1')
  await one.kept.leading(never)
  one.kept.raiseAbove(41)
  one.kept.raiseAbove(7)
  await waitFor(() => one.kept.term()?.epoch === 42, { what: 'the greater epoch', withinMs: 20_000 })
  t.ok(
    one.heard.some(({ term }) => term === undefined),
    'in between it did not lead',
  )
  t.match(await store.leadership(), { run: 'r1', epoch: 42 })
})

t.test('who leads is decided with the first answer', async (t) => {
  await using store = await memoryStore()
  await using one = keeper(store, 'r1')
  await one.kept.decided(20_000, never)
  t.match(one.kept.leader(), { run: 'r1' })
  const silent: LeadershipRow = {
    claimLeadership: () => new Promise(() => {}),
    resignLeadership: async () => {},
    leadership: () => new Promise(() => {}),
  }
  await using two = keeper(silent, 'r2')
  await two.kept.decided(10, never)
  t.equal(two.kept.leader(), undefined)
})

t.test('one that may not begin to lead only looks, also when nobody leads, and leads as soon as it may', async (t) => {
  await using store = await memoryStore()
  await store.claimLeadership({ run: 'r2', holder: 'two', forMs: 60_000 })
  let looks = 0
  let may = false
  const row: LeadershipRow = {
    claimLeadership: store.claimLeadership,
    resignLeadership: store.resignLeadership,
    leadership: () => {
      looks += 1
      return store.leadership()
    },
  }
  await using one = keeper(row, 'r1', () => may)
  await one.kept.decided(20_000, never)
  t.match(one.kept.leader(), { run: 'r2' }, 'it hears who leads')
  await store.resignLeadership('r2')
  const before = looks
  await waitFor(() => looks > before + 3, { what: 'some more looks', withinMs: 20_000 })
  t.match(await store.leadership(), { run: 'r2', epoch: 1 }, 'it is left to whoever may')
  t.equal(one.kept.term(), undefined)
  may = true
  t.strictSame(await one.kept.leading(never), { run: 'r1', epoch: 2 })
})

t.test('one that leads renews it, whether it may begin to lead or not', async (t) => {
  await using store = await memoryStore()
  let may = true
  let renewed = 0
  const row: LeadershipRow = {
    claimLeadership: (claim) => {
      if (!may) renewed += 1
      return store.claimLeadership(claim)
    },
    resignLeadership: store.resignLeadership,
    leadership: store.leadership,
  }
  await using one = keeper(row, 'r1', () => may)
  await one.kept.leading(never)
  may = false
  await waitFor(() => renewed > 3, { what: 'renewals', withinMs: 20_000 })
  t.strictSame(one.kept.term(), { run: 'r1', epoch: 1 })
})
