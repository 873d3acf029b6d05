import fc from 'fast-check'
import t from 'tap'
import { bytesOf, type Sample, weightOf } from './record.ts'
import { pairToJoin, thin } from './thin.ts'

const samples = (count: number): readonly Sample[] =>
  Array.from({ length: count }, (_, at) => ({
    n: at + 1,
    at: { boot: 'b', mono: at, wall: at },
    metrics: [{ name: 'host_load', value: at, unit: 'count' as const }],
  }))
const bytes = (all: readonly Sample[]) => all.reduce((sum, sample) => sum + bytesOf(sample), 0)
const stands = (all: readonly Sample[]) => all.reduce((sum, sample) => sum + weightOf(sample), 0)

t.test(
  'thinning keeps the order, the bound and the newest, reaches back to the beginning, and counts what goes',
  async (t) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 30_000 }), (count, most) => {
        const all = samples(count)
        const thinned = thin(all, most)
        if (thinned.length > 1 && bytes(thinned) > most) return false
        if (thinned.at(-1)?.n !== count || stands(thinned) !== count) return false
        // Evenly: no hole is more than twice another.
        const holes = thinned.slice(1).map(({ n }, at) => n - (thinned[at]?.n ?? 0))
        return holes.length === 0 || Math.max(...holes) <= 2 * Math.min(...holes)
      }),
      { numRuns: 1000 },
    )
    t.pass()
  },
)

t.test('the past becomes coarser the older it is', async (t) => {
  // Eight segments have room; each new one makes two older ones one.
  let levels: number[] = []
  for (let n = 0; n < 200; n += 1) {
    levels.push(0)
    if (levels.length <= 8) continue
    const at = pairToJoin(levels)
    levels = levels.toSpliced(at, 2, Math.max(levels[at] ?? 0, levels[at + 1] ?? 0) + 1)
    t.ok(
      levels.every((level, place) => place === 0 || level <= (levels[place - 1] ?? 0)),
      levels.join(),
    )
    t.equal(levels.at(-1), 0, 'what is newest is whole')
  }
  t.equal(levels.length, 8)
  t.ok((levels[0] ?? 0) >= 4)
})
