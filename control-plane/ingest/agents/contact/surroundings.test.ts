import t from 'tap'
import { sitesOf, wellMachines } from '#test/support/agents/machines-of.ts'
import type { Machine } from './machine.ts'
import { surroundingsOf, unsettledIn } from './surroundings.ts'

const forgottenMs = 600_000
const away = (over: Partial<Machine> = {}): Partial<Machine> => ({ lostAt: 0, ...over })

for (const { name, count, over, now = 1_000, vouched, alone } of [
  { name: 'a neighbour that is in contact vouches', count: 2, over: { 0: away() }, vouched: true, alone: false },
  { name: 'a machine without neighbours is alone', count: 1, over: { 0: away() }, vouched: false, alone: true },
  { name: 'a machine in contact does not vouch for itself', count: 1, over: {}, vouched: false, alone: true },
  {
    name: 'a neighbour that was not heard of lately vouches for nothing, and is reckoned with',
    count: 2,
    over: { 0: away(), 1: { overdue: true } },
    vouched: false,
    alone: false,
  },
  {
    name: 'a neighbour that is away, too, may be cut off like this one',
    count: 2,
    over: { 0: away(), 1: away() },
    vouched: false,
    alone: false,
  },
  {
    name: 'a dead neighbour leaves it alone',
    count: 2,
    over: { 0: away(), 1: away({ dead: true }) },
    vouched: false,
    alone: true,
  },
  {
    name: 'so does one that was stopped',
    count: 2,
    over: { 0: away(), 1: away({ left: true }) },
    vouched: false,
    alone: true,
  },
  {
    name: 'and one that has been away for longer than a hold lasts',
    count: 2,
    over: { 0: away({ lostAt: 600_000 }), 1: away() },
    now: 600_001,
    vouched: false,
    alone: true,
  },
  {
    name: 'one of several that is well is enough to vouch',
    count: 4,
    over: { 0: away(), 1: away(), 2: { overdue: true } },
    vouched: true,
    alone: false,
  },
] as const) {
  t.test(name, async (t) => {
    const site = sitesOf(wellMachines(count, over)).get('tencent')
    const unsettled = site ? unsettledIn(site, now, forgottenMs) : 0
    t.strictSame(surroundingsOf('tencent-0', site, unsettled, now, forgottenMs), { vouched, alone })
  })
}

t.test('at a site that nobody knows a machine is alone', async (t) => {
  t.strictSame(surroundingsOf('m', undefined, 0, 0, forgottenMs), { vouched: false, alone: true })
})
