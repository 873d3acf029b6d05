import t from 'tap'
import { Misses } from './misses.ts'

const sureMs = 6_000
const miss = { instance: 'crm-1', vantage: 'plane', at: 10_000 }

for (const { name, heardAt, lost, left } of [
  { name: 'sight is lost when its agent goes on calling it well', heardAt: 16_000, lost: [miss], left: 0 },
  { name: 'an instance whose agent was not heard of since may have died', heardAt: 15_999, lost: [], left: 1 },
  {
    name: 'an instance that is out of contact or sick by now was missed rightly',
    heardAt: undefined,
    lost: [],
    left: 0,
  },
]) {
  t.test(name, async (t) => {
    const misses = new Misses(sureMs)
    misses.add(miss)
    t.strictSame(
      misses.settle(() => heardAt),
      lost,
    )
    t.equal(misses.size, left)
  })
}
