import fc from 'fast-check'
import t from 'tap'
import { Convergence } from './convergence.ts'
import { Durations } from './durations.ts'

t.test('a sink is measured from its first proof on, change by change', async (t) => {
  const told: (readonly [string, number])[] = []
  const convergence = new Convergence({ onProven: (...each) => told.push(each) })
  convergence.changed(1, 1_000)
  convergence.proven('a', 1, 50_000)
  t.strictSame(told, [], 'what was there before it came is not its doing')
  for (const revision of [2, 3, 4]) convergence.changed(revision, 50_000 + revision * 1_000)
  convergence.proven('a', 3, 53_500)
  t.strictSame(told, [
    ['a', 1_500],
    ['a', 500],
  ])
  t.match(convergence.of('a', 53_500), { waiting: 1, forgotten: 0, all: { changes: 2 }, hour: { changes: 2 } })
  t.ok(convergence.waiting)
  convergence.proven('a', 9, 53_900)
  t.strictSame([convergence.waiting, convergence.of('a', 53_900)?.waiting], [false, 0])
  t.equal(told.at(-1)?.[1], 0, 'clocks that went back make no negative times')
})

t.test('after an hour only the figures since the start speak of it', async (t) => {
  const convergence = new Convergence()
  convergence.proven('a', 0, 0)
  convergence.changed(1, 1_000)
  convergence.proven('a', 1, 1_100)
  t.match(convergence.of('a', 59 * 60_000), { hour: { changes: 1 }, all: { changes: 1 } })
  t.match(convergence.of('a', 61 * 60_000), { hour: undefined, all: { changes: 1 } })
})

t.test('a sink that is gone is forgotten, and keeps nothing waiting', async (t) => {
  const convergence = new Convergence()
  for (const sink of ['a', 'b']) convergence.proven(sink, 0, 0)
  convergence.changed(1, 0)
  convergence.proven('a', 1, 1)
  t.ok(convergence.waiting)
  convergence.keep(new Set(['a']))
  t.notOk(convergence.waiting)
  t.equal(convergence.of('b', 1), undefined)
})

t.test('what waits is bounded, and what was forgotten is counted', async (t) => {
  const convergence = new Convergence({ most: 100 })
  convergence.proven('stuck', 0, 0)
  for (let revision = 1; revision <= 1_000; revision += 1) convergence.changed(revision, revision)
  const { waiting = 0, forgotten = 0 } = convergence.of('stuck', 1_000) ?? {}
  t.ok(waiting <= 125, `${waiting} wait`)
  t.equal(waiting + forgotten, 1_000)
})

t.test('quantiles are those of the durations, at most 5% too long', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e8, noNaN: true }), { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1),
      (all, share) => {
        const durations = new Durations()
        for (const ms of all) durations.add(ms)
        const wanted = all.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * all.length)) - 1] ?? 0
        const told = durations.quantile(share) ?? -1
        return told >= wanted * 0.999_999 && told <= Math.max(0.1, wanted) * 1.051
      },
    ),
  )
  t.equal(new Durations().quantile(0.5), undefined)
})

t.test(
  'whatever the order of changes and proofs, each change of a sink counts once, or waits, or was forgotten',
  async (t) => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('changed' as const), by: fc.integer({ min: 0, max: 3 }) }),
      fc.record({
        kind: fc.constant('proven' as const),
        sink: fc.constantFrom('a', 'b'),
        back: fc.integer({ min: 0, max: 5 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 20 }), (steps, most) => {
        const told = { a: 0, b: 0 }
        const convergence = new Convergence({ most, onProven: (sink) => (told[sink as 'a' | 'b'] += 1) })
        const newestProven = { a: 0, b: 0 }
        // A sink that comes later is measured from what is still remembered.
        for (const sink of ['a', 'b'] as const) convergence.proven(sink, 0, 0)
        let revision = 0
        const made: number[] = []
        for (const [at, each] of steps.entries()) {
          if (each.kind === 'changed') {
            revision += each.by
            if (each.by === 0) continue
            convergence.changed(revision, at)
            made.push(revision)
          } else {
            const proven = Math.max(newestProven[each.sink], revision - each.back)
            newestProven[each.sink] = proven
            convergence.proven(each.sink, proven, at)
          }
        }
        for (const sink of ['a', 'b'] as const) {
          const known = convergence.of(sink, steps.length)
          if (!known) continue
          const own = made.length
          if (told[sink] + known.waiting + known.forgotten !== own) return false
          if (known.waiting > Math.ceil(most * 1.25)) return false
          if ((known.all?.changes ?? 0) !== told[sink]) return false
        }
        return true
      }),
      { numRuns: 500 },
    )
    t.pass()
  },
)
