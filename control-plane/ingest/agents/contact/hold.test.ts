import fc from 'fast-check'
import t from 'tap'
import { holdEnds, isInDoubt, lossesToHold } from './hold.ts'
import type { Machine, Machines } from './machine.ts'

const limits = { windowMs: 10_000, share: 0.15 }

function machines(count: number, over: Readonly<Record<number, Partial<Machine>>> = {}, site = 'tencent'): Machines {
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const machine = { id: `${site}-${index}`, site, lostAt: undefined, left: false, overdue: false, ...over[index] }
      return [machine.id, machine]
    }),
  )
}
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
    t.strictSame(lossesToHold(all, none, now, limits), held.length > 0 ? [{ site: 'tencent', machines: held }] : [])
  })
}

t.test('each site is judged by itself', async (t) => {
  const all = new Map([...machines(5, { 0: lost(0) }, 'a'), ...machines(5, { 0: lost(0) }, 'b')])
  t.strictSame(lossesToHold(all, none, 0, limits), [])
})

t.test('a held site takes up a further machine, and no machine twice', async (t) => {
  const hold = { site: 'tencent', machines: ['tencent-0', 'tencent-1'], since: 0, until: 600_000 }
  const holds = new Map([['tencent', hold]])
  const all = machines(9, { 0: lost(0), 1: lost(0) })
  t.strictSame(lossesToHold(all, holds, 0, limits), [])
  const more = machines(9, { 0: lost(0), 1: lost(0), 2: lost(9_000) })
  t.match(lossesToHold(more, holds, 9_000, limits), [{ machines: ['tencent-2'] }])
})

t.test('nothing is concluded while others may not have been missed yet', async (t) => {
  t.equal(isInDoubt('tencent', machines(3, { 0: lost(0), 1: { overdue: true } }), 0, limits), true)
  t.equal(isInDoubt('tencent', machines(3, { 0: lost(0) }), 0, limits), false)
  t.equal(isInDoubt('tencent', machines(3, { 0: lost(0), 1: { overdue: true, left: true } }), 0, limits), false)
  t.equal(isInDoubt('elsewhere', machines(3, { 0: lost(0), 1: { overdue: true } }), 0, limits), false)
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
    t.equal(holdEnds(hold, all, epochNow), why)
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
      fc.property(fc.array(machine, { maxLength: 12 }), fc.nat(40_000), (states, now) => {
        const all = machines(states.length, { ...states })
        return lossesToHold(all, none, now, limits).every(({ site }) => isInDoubt(site, all, now, limits))
      }),
    ),
  )
})
