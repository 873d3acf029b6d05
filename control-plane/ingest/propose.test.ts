import t from 'tap'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { MemoryJournal } from '#test/support/store/memory-journal.ts'
import { Fleet } from '../fleet/fleet.ts'
import { Proposer, recordAll } from './propose.ts'

const frozen = { change: { kind: 'frozen', reason: '' }, seen: 0 } as const

t.test('a proposal is passed over while another of its key is in flight', async (t) => {
  const journal = new MemoryJournal(new Fleet())
  const proposer = new Proposer(journal.record, 'plane:1', quiet)
  const outcomes: unknown[] = []
  for (const key of ['a', 'a', 'b']) proposer.propose(key, frozen, (outcome) => outcomes.push(outcome))
  await proposer.idle()
  t.strictSame(outcomes, ['changed', 'overtaken'])
  proposer.propose('a', frozen)
  await proposer.idle()
  t.equal(journal.entries.length, 3)
})

t.test('what cannot be recorded settles, too', async (t) => {
  const journal = new MemoryJournal(new Fleet())
  journal.writable = false
  const proposer = new Proposer(journal.record, 'plane:1', quiet)
  const outcomes: unknown[] = []
  proposer.propose('a', frozen, (outcome) => outcomes.push(outcome))
  await proposer.idle()
  t.strictSame(outcomes, [undefined])
  t.equal(await recordAll([frozen], journal.record, 'plane:1', quiet), 0)
  journal.writable = true
  t.equal(await recordAll([frozen, frozen], journal.record, 'plane:1', quiet), 1)
})
