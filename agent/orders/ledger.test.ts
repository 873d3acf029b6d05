import fc from 'fast-check'
import t from 'tap'
import { emptyLedger, entryOf, interrupted, type Ledger, mostEntries, withEntry } from './ledger.ts'

const outcome = { state: 'done', output: '', tookMs: 1 } as const
const entry = (id: string, keepUntil = 100) => ({ id, name: 'crm', outcome, keepUntil })

t.test('it never grows beyond its bound, and forgets nothing that is desired or fresh', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ id: fc.nat({ max: 900 }), keepUntil: fc.nat({ max: 200 }) }), {
        maxLength: 900,
        size: 'max',
      }),
      (all) => {
        let ledger: Ledger = emptyLedger
        return all.every(({ id, keepUntil }) => {
          const next = withEntry(ledger, entry(`r-${id}`, keepUntil), (each) => each === 'r-1', 100)
          if (!next) return ledger.entries.length >= mostEntries && !entryOf(ledger, `r-${id}`)
          const kept = ledger.entries.filter((each) => each.keepUntil > 100 || each.id === 'r-1')
          const ok = kept.every((each) => entryOf(next, each.id)) && entryOf(next, `r-${id}`) !== undefined
          ledger = next
          return ok && next.entries.length <= mostEntries
        })
      },
    ),
    { numRuns: 30 },
  )
})

t.test('what was under way at a start has been interrupted, what had ended is as it was', async (t) => {
  const ledger: Ledger = { version: 1, entries: [entry('a'), { ...entry('b'), outcome: null }] }
  t.match(interrupted(ledger).entries, [entry('a'), { id: 'b', outcome: { state: 'interrupted' } }])
  t.equal(interrupted(emptyLedger), emptyLedger)
})
