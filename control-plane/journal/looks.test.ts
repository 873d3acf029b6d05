import fc from 'fast-check'
import t from 'tap'
import type { JournalEntry } from '../fleet/event.ts'
import { Looks } from './looks.ts'

const entry = (revision: number): JournalEntry => ({
  revision,
  event: { version: 1, at: 0, by: 'x', change: { kind: 'fell-silent', instance: 'crm-1' } },
})

t.test('entries are cut after each one that somebody waits for, and nothing is lost or moved', async (t) => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 8 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 30 }), fc.nat(30), (waited, first, count) => {
        const looks = new Looks()
        for (const revision of waited) looks.add(revision, () => {})
        const entries = Array.from({ length: count }, (_, index) => entry(first + index))
        const pieces = looks.pieces(entries)
        const ends = pieces.slice(0, -1).map((piece) => piece.at(-1)?.revision)
        const within = waited.filter((revision) => revision >= first && revision < first + count - 1)
        const sorted = within.sort((a, b) => a - b)
        return (
          ends.join() === sorted.join() &&
          pieces
            .flat()
            .map(({ revision }) => revision)
            .join() === entries.map(({ revision }) => revision).join()
        )
      }),
    ),
  )
})

t.test('everybody who waits for a revision looks once when it is reached; who has given up does not', async (t) => {
  const looks = new Looks()
  const seen: string[] = []
  const one = () => seen.push('one')
  const two = () => seen.push('two')
  looks.add(5, one)
  looks.add(5, two)
  looks.add(6, two)
  looks.delete(5, two)
  looks.delete(9, two)
  looks.reached(4)
  t.strictSame(seen, [])
  looks.reached(5)
  looks.reached(5)
  looks.reached(6)
  t.strictSame(seen, ['one', 'two'])
  t.equal(looks.pieces([entry(1), entry(2)]).length, 1)
})
