import t from 'tap'
import { MemoryJournal } from '#test/support/store/memory-journal.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { Gathered } from './gathered.ts'

const thaw = { kind: 'thawed', reason: '' } as const
const freeze = { kind: 'frozen', reason: '' } as const

t.test('changes that were held back are one commit in their order, each with its outcome', async (t) => {
  const journal = new MemoryJournal(new Fleet())
  const gathered = new Gathered(journal.record)
  const outcomes = [freeze, freeze, thaw].map((change) => gathered.record(change, { by: 'operator:anna' }))
  t.strictSame(journal.entries, [])
  gathered.release()
  t.strictSame(await Promise.all(outcomes), ['changed', 'unchanged', 'changed'])
  t.equal(journal.commits, 1)
  t.equal(await gathered.record(freeze, { by: 'operator:anna' }), 'changed', 'from then on they pass at once')
  gathered.release()
  t.equal(journal.entries.length, 4)
})

t.test('each hears that it could not be recorded, and nothing is held back for ever', async (t) => {
  const journal = new MemoryJournal(new Fleet())
  journal.writable = false
  const outcomes: Promise<unknown>[] = []
  {
    using gathered = new Gathered(journal.record)
    outcomes.push(gathered.record(freeze, { by: 'a' }), gathered.record(thaw, { by: 'a' }))
  }
  for (const outcome of outcomes) await t.rejects(outcome, { code: 'STORE_UNAVAILABLE' })
})
