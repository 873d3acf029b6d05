import fc from 'fast-check'
import t from 'tap'
import { sitesOf, wellMachines } from '#test/support/agents/machines-of.ts'
import { awayAlone, holdEnds, isInDoubt, lossesToHold } from './hold.ts'
import type { Machine } from './machine.ts'

const limits = { windowMs: 10_000, share: 0.15 }

const machines = wellMachines
const lost = (lostAt: number): Partial<Machine> => ({ lostAt })
const none = new Map<string, never>()

for (const { name, all, now, held } of [
  { name: 'one machine that dies alone is not the network', all: machines(3, { 0: lost(0) }), now: 0, held: [] },
  {
    name: 'two of three at once are',
    all: machines(3, { 0: lost(0), 1: lost(4_000) }),
    now: 4_000,
    held: ['tencent-0', 'tencent-1'],
  },
  {
    name: 'two within eleven seconds are not',
    all: machines(3, { 0: lost(0), 1: lost(11_000) }),
    now: 11_000,
    held: [],
  },
  { name: 'two of twenty are not', all: machines(20, { 0: lost(0), 1: lost(1) }), now: 1, held: [] },
  {
    name: 'four of twenty are',
    all: machines(20, { 0: lost(0), 1: lost(1), 2: lost(1), 3: lost(1) }),
    now: 1,
    held: ['tencent-0', 'tencent-1', 'tencent-2', 'tencent-3'],
  },
  {
    name: 'agents that were stopped are not',
    all: machines(3, { 0: { lostAt: 0, left: true }, 1: { lostAt: 0, left: true } }),
    now: 0,
    held: [],
  },
  {
    name: 'machines lost long ago do not count as present',
    all: machines(14, { 0: lost(-1e9), 1: lost(-1e9), 2: lost(0), 3: lost(0) }),
    now: 0,
    held: ['tencent-2', 'tencent-3'],
  },
]) {
  t.test(name, async (t) => {
    const losses = lossesToHold(sitesOf(all), none, now, limits)
    t.match(losses, held.length > 0 ? [{ site: 'tencent', machines: held }] : [])
    t.equal(losses.length, held.length > 0 ? 1 : 0)
  })
}

t.test('each site is judged by itself', async (t) => {
  const all = new Map([...machines(5, { 0: lost(0) }, 'a'), ...machines(5, { 0: lost(0) }, 'b')])
  t.strictSame(lossesToHold(sitesOf(all), none, 0, limits), [])
})

/** So many sites, each with one machine. */
const singles = (count: number, over: Readonly<Record<number, Partial<Machine>>> = {}) =>
  new Map(Array.from({ length: count }, (_, at) => [...machines(1, { 0: over[at] ?? {} }, `shop-${at}`)]).flat())

t.test('machines that are alone at their sites count together as one site', async (t) => {
  const one = sitesOf(singles(9, { 4: lost(0) }))
  t.strictSame(lossesToHold(one, none, 0, limits), [], 'one shop that dies alone is not the network')
  t.equal(isInDoubt('shop-4', one, 0, limits), false)
  const two = sitesOf(singles(9, { 4: lost(0), 7: lost(3_000) }))
  t.strictSame(lossesToHold(two, none, 3_000, limits), [
    { site: 'shop-4', machines: ['shop-4-0'], of: 1 },
    { site: 'shop-7', machines: ['shop-7-0'], of: 1 },
  ])
  t.strictSame(
    lossesToHold(sitesOf(singles(20, { 4: lost(0), 7: lost(0) })), none, 0, limits),
    [],
    'nor are two of twenty',
  )
  t.equal(isInDoubt('shop-4', sitesOf(singles(9, { 4: lost(0), 7: { overdue: true } })), 0, limits), true)
  const hold = { site: 'shop-4', machines: ['shop-4-0'], since: 0, until: 600_000 }
  const more = sitesOf(singles(9, { 4: lost(0), 7: lost(60_000) }))
  t.strictSame(lossesToHold(more, new Map([['shop-4', hold]]), 60_000, limits), [
    { site: 'shop-7', machines: ['shop-7-0'], of: 1, until: 600_000 },
  ])
})

const heldShop = (at: number, until: number) =>
  [`shop-${at}`, { site: `shop-${at}`, machines: [`shop-${at}-0`], since: 0, until }] as const

for (const { name, holds, also, epochNow, found } of [
  {
    name: 'whoever joins holds of others gets the first of their ends',
    holds: [heldShop(1, 600_000), heldShop(2, 500_000)],
    also: {},
    epochNow: 1,
    found: [['shop-7', 500_000]],
  },
  {
    name: 'a hold whose time is up takes up nobody, and nobody gets its end',
    holds: [heldShop(1, 600_000), heldShop(2, 500_000)],
    also: {},
    epochNow: 500_000,
    found: [['shop-7', 600_000]],
  },
  {
    name: 'where the time of all is up, one shop that is lost is lost alone',
    holds: [heldShop(1, 500_000), heldShop(2, 500_000)],
    also: {},
    epochNow: 500_000,
    found: [],
  },
  {
    name: 'and two that are lost together get a hold of their own',
    holds: [heldShop(1, 500_000), heldShop(2, 500_000)],
    also: { 8: lost(60_000) },
    epochNow: 500_000,
    found: [
      ['shop-7', undefined],
      ['shop-8', undefined],
    ],
  },
]) {
  t.test(name, async (t) => {
    const all = sitesOf(singles(9, { 1: lost(0), 2: lost(0), 7: lost(60_000), ...also }))
    const losses = lossesToHold(all, new Map(holds), 60_000, limits, none, epochNow)
    t.strictSame(
      losses.map(({ site, until }) => [site, until]),
      found,
    )
  })
}

for (const { name, over, held, away, why } of [
  {
    name: 'shops are held while two are away',
    over: { 4: lost(0), 7: lost(0) },
    held: [4, 7],
    away: 2,
    why: undefined,
  },
  { name: 'the last shop away is judged alone', over: { 4: lost(0) }, held: [4, 7], away: 1, why: 'contact' },
  {
    name: 'a shop that is back is no longer held',
    over: { 7: lost(0), 8: lost(0) },
    held: [4, 7, 8],
    away: 2,
    why: 'contact',
  },
  {
    name: 'a shop that was lost just now counts before it is held',
    over: { 4: lost(55_000), 7: lost(55_000) },
    held: [4],
    away: 2,
    why: undefined,
  },
  {
    name: 'one that was lost by itself long ago does not',
    over: { 4: lost(0), 7: lost(0) },
    held: [4],
    away: 1,
    why: 'contact',
  },
]) {
  t.test(name, async (t) => {
    const all = singles(9, over)
    const holds = new Map(held.map((at) => heldShop(at, 600_000)))
    const [first] = [...holds.values()]
    t.equal(awayAlone(sitesOf(all), holds, 60_000, limits), away)
    t.equal(first && holdEnds(first, all, 1, away), why)
  })
}

t.test('a held site takes up a further machine, and no machine twice', async (t) => {
  const hold = { site: 'tencent', machines: ['tencent-0', 'tencent-1'], since: 0, until: 600_000 }
  const holds = new Map([['tencent', hold]])
  const all = machines(9, { 0: lost(0), 1: lost(0) })
  t.strictSame(lossesToHold(sitesOf(all), holds, 0, limits), [])
  const more = machines(9, { 0: lost(0), 1: lost(0), 2: lost(9_000) })
  t.match(lossesToHold(sitesOf(more), holds, 9_000, limits), [{ machines: ['tencent-2'] }])
})

t.test('what was held for as long as may be is not held again', async (t) => {
  const all = sitesOf(machines(4, { 0: lost(0), 1: lost(0), 2: lost(9_000) }))
  const spent = new Map([
    ['tencent-0', 0],
    ['tencent-1', 0],
  ])
  t.strictSame(lossesToHold(all, none, 9_000, limits, spent), [])
  const again = sitesOf(machines(4, { 0: lost(0), 1: lost(8_000), 2: lost(9_000) }))
  t.match(lossesToHold(again, none, 9_000, limits, spent), [{ machines: ['tencent-1', 'tencent-2'] }])
})

t.test('nothing is concluded while others may not have been missed yet', async (t) => {
  t.equal(isInDoubt('tencent', sitesOf(machines(3, { 0: lost(0), 1: { overdue: true } })), 0, limits), true)
  t.equal(isInDoubt('tencent', sitesOf(machines(3, { 0: lost(0) })), 0, limits), false)
  t.equal(
    isInDoubt('tencent', sitesOf(machines(3, { 0: lost(0), 1: { overdue: true, left: true } })), 0, limits),
    false,
  )
  t.equal(isInDoubt('elsewhere', sitesOf(machines(3, { 0: lost(0), 1: { overdue: true } })), 0, limits), false)
})

for (const { name, all, epochNow, why } of [
  {
    name: 'a hold lasts while its machines are away',
    all: machines(3, { 0: lost(0), 1: lost(0) }),
    epochNow: 1,
    why: undefined,
  },
  {
    name: 'a hold ends when its time is over',
    all: machines(3, { 0: lost(0), 1: lost(0) }),
    epochNow: 600_000,
    why: 'time',
  },
  { name: 'a hold ends when the site is back', all: machines(3), epochNow: 1, why: 'contact' },
  {
    name: 'a machine that is left alone is judged alone',
    all: machines(3, { 0: lost(0) }),
    epochNow: 1,
    why: 'contact',
  },
] as const) {
  t.test(name, async (t) => {
    const hold = { site: 'tencent', machines: ['tencent-0', 'tencent-1'], since: 0, until: 600_000 }
    t.equal(holdEnds(hold, all, epochNow, 0), why)
  })
}

t.test('what is held was in doubt before', async (t) => {
  const machine = fc.record({
    lostAt: fc.option(fc.nat(30_000), { nil: undefined }),
    left: fc.boolean(),
    overdue: fc.constant(false),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(machine, { maxLength: 12 }), fc.boolean(), fc.nat(40_000), (states, apart, now) => {
        const all = apart ? singles(states.length, { ...states }) : machines(states.length, { ...states })
        return lossesToHold(sitesOf(all), none, now, limits).every(({ site }) =>
          isInDoubt(site, sitesOf(all), now, limits),
        )
      }),
    ),
  )
})
