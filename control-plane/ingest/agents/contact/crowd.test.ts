import * as fc from 'fast-check'
import t from 'tap'
import { type Arrivals, type Crowd, crowdNow, excuses, mostExcusedMs, mostReturningMs } from './crowd.ts'

/** What is excused at each look, from what the door tells at each. */
function looks(arrivals: readonly Arrivals[], everyMs = 250): boolean[] {
  let crowd: Crowd | undefined
  return arrivals.map((arrived, index) => {
    const now = 1_000 + index * everyMs
    crowd = crowdNow(crowd, arrived, now)
    return excuses(crowd, now)
  })
}

/** `each` come between two looks. */
function coming(each: number, count: number): Arrivals[] {
  return Array.from({ length: count }, (_, index) => ({ opened: index * each, unopened: 0, away: 0 }))
}

t.test('agents that come one by one are no crowd', async (t) => {
  t.notOk(looks(coming(1, 40)).includes(true))
  t.notOk(looks(coming(24, 40)).includes(true))
})

t.test(
  'hundreds a second excuse who is not back yet, from the look that sees them until they have stopped for a second',
  async (t) => {
    const arrivals = [...coming(200, 9), ...Array.from({ length: 8 }, () => ({ opened: 1_600, unopened: 0, away: 0 }))]
    const excused = looks(arrivals)
    t.equal(excused[0], false)
    t.ok(excused.slice(1, 13).every(Boolean), String(excused))
    t.notOk(excused.slice(13).includes(true), String(excused))
  },
)

t.test('who waits at the door is a crowd even if nobody is let in', async (t) => {
  t.strictSame(looks(Array.from({ length: 4 }, () => ({ opened: 7, unopened: 500, away: 0 }))), [
    false,
    true,
    true,
    true,
  ])
})

t.test('a crowd excuses for so long at most, and a new one only after it was calm', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 400, size: 'max' }),
      fc.constantFrom(250, 999, 1_000, 1_500),
      (came, everyMs) => {
        let opened = 0
        const arrivals = came.map((more) => {
          opened += more
          return { opened, unopened: 0, away: 0 }
        })
        let running = 0
        for (const isExcused of looks(arrivals, everyMs)) {
          running = isExcused ? running + 1 : 0
          if ((running - 1) * everyMs >= mostExcusedMs) return false
        }
        return true
      },
    ),
  )
})

for (const everyMs of [250, 1_000, 1_500]) {
  t.test(`whoever keeps the door busy is excused once, also where looks are ${everyMs} ms apart`, async (t) => {
    const excused = looks(coming(1_000, 100), everyMs)
    const count = excused.filter(Boolean).length
    t.ok(count > 0 && (count - 1) * everyMs < mostExcusedMs, String(count))
    t.equal(excused.lastIndexOf(true), count)
  })
}

/** For how long a crowd of which `each` second so many come back is excused, while the door is busy all the time. */
function excusedMs(away: number, backASecond: number): number {
  const arrivals = Array.from({ length: 400 }, (_, index) => ({
    ...{ opened: index * 400, unopened: 0 },
    away: Math.max(0, Math.round(away - (backASecond * index) / 4)),
  }))
  return looks(arrivals).filter(Boolean).length * 250
}

t.test('a herd that takes longer is excused for as long as nodes do come back', async (t) => {
  t.ok(excusedMs(10_000, 350) >= 28_000, 'ten thousand over TLS')
  t.ok(excusedMs(100_000, 350) <= mostReturningMs, 'at most a minute')
  t.ok(excusedMs(10_000, 0) <= mostExcusedMs, 'nobody is back')
  t.ok(excusedMs(10_000, 20) <= mostExcusedMs, 'hardly anybody is back')
  t.ok(excusedMs(0, 0) <= mostExcusedMs, 'nobody was away')
})
