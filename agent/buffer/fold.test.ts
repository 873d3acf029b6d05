import fc from 'fast-check'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { fold } from './fold.ts'
import { bytesOf, type Edge, weightOf } from './record.ts'

const moment = (wall: number) => ({ boot: 'b', mono: wall, wall })
const edges = fc
  .array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      health: fc.constantFrom('passing', 'critical'),
      lost: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((drawn) =>
    drawn.map(
      ({ id, health, lost }, at): Edge => ({
        n: at + 1,
        id,
        verdict: { health, reason: reason('ok') } as Edge['verdict'],
        at: moment(at),
        ...(lost ? { lost } : {}),
      }),
    ),
  )
const sum = (all: readonly Edge[]) => all.reduce((total, edge) => total + weightOf(edge), 0)

t.test(
  'folding counts every change that it takes away, keeps the order and the newest, and keeps its bound',
  async (t) => {
    fc.assert(
      fc.property(edges, fc.nat(4_000), fc.nat(4_000), (all, once, twice) => {
        for (const folded of [fold(all, once), fold(fold(all, once), twice)]) {
          if (sum(folded) !== sum(all)) return false
          if (folded.at(-1)?.n !== all.at(-1)?.n) return false
          if (folded.some(({ n }, at) => at > 0 && n <= (folded[at - 1]?.n ?? 0))) return false
          if (new Set(folded.map(({ id }) => id)).size !== folded.length) return false
        }
        const folded = fold(all, once)
        return folded.length === 1 || folded.reduce((bytes, edge) => bytes + bytesOf(edge), 0) <= once + 40
      }),
      { numRuns: 1000 },
    )
    t.pass()
  },
)

t.test('what a fold stands for goes from its first change to its last', async (t) => {
  const flaps = Array.from(
    { length: 6 },
    (_, at): Edge => ({
      n: at + 1,
      id: 'a',
      verdict: { health: at % 2 ? 'passing' : 'critical', reason: reason('ok') },
      at: moment(at * 10),
    }),
  )
  t.match(fold(fold(flaps.slice(0, 3), 10_000).concat(flaps.slice(3)), 10_000), [
    { n: 6, verdict: { health: 'passing' }, at: { wall: 50 }, folded: { count: 5, since: { wall: 0 } } },
  ])
})
