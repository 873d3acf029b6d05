import t from 'tap'
import { logLines, memoryStore } from '#test/support/store/journal.ts'
import { LeadershipKeeper } from './keep-leadership.ts'
import { leadAlone, leadOf } from './lead.ts'

t.test('a plane that shares its store with nobody leads, and needs no term for it', async (t) => {
  const lead = leadAlone('r1', 'one')
  t.equal(lead.leads(), true)
  t.equal(lead.term(), undefined)
  t.equal(lead.epoch(), 1)
  t.strictSame(lead.leader(), { run: 'r1', holder: 'one', epoch: 1 })
  t.equal(lead.hasSeenLead('r1'), false)
  t.equal(lead.raiseAbove, undefined)
  lead.onChange(() => t.fail('nothing ever changes'))()
})

t.test('one that shares it leads under its term, and does nothing of a leader without one', async (t) => {
  await using store = await memoryStore()
  await store.claimLeadership({ run: 'r2', holder: 'two', forMs: 60_000 })
  const pace = { renewEveryMs: 20, forMs: 2_000 }
  await using keeper = new LeadershipKeeper({ row: store, run: 'r1', holder: 'one', log: logLines().log, pace })
  const lead = leadOf(keeper)
  t.equal(lead.leader(), undefined)
  await keeper.decided(20_000, new AbortController().signal)
  t.match(lead.leader(), { run: 'r2', holder: 'two', epoch: 1 })
  t.equal(lead.leads(), false)
  t.equal(lead.epoch(), undefined)
  t.throws(() => lead.term(), { code: 'LEADERSHIP_LOST', retryable: true })
  await store.resignLeadership('r2')
  await keeper.leading(new AbortController().signal)
  t.equal(lead.leads(), true)
  t.strictSame(lead.term(), { run: 'r1', epoch: 2 })
  t.equal(lead.epoch(), 2)
})
