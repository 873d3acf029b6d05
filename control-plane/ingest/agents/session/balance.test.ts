import fc from 'fast-check'
import t from 'tap'
import { preferred } from '#shared/spread/rendezvous.ts'
import { offersNow } from './balance.ts'

for (const { name, loads, expected } of [
  { name: 'a plane alone keeps all', loads: [100], expected: 0 },
  { name: 'an even share is kept', loads: [100, 100, 100], expected: 0 },
  { name: 'a little more is nothing', loads: [107, 97, 96], expected: 0 },
  { name: 'who has less asks nobody', loads: [10, 100, 100], expected: 0 },
  { name: 'three agents too many in a small fleet are nothing', loads: [6, 2, 1], expected: 0 },
  { name: 'clearly more gives away one a second', loads: [150, 150, 0], expected: 1 },
  { name: 'of a great many some a second', loads: [5_000, 5_000, 0], expected: 21 },
]) {
  t.test(name, async (t) => {
    const all = loads.map((sessions, index) => ({ replica: `r${index}`, sessions }))
    t.equal(offersNow('r0', all), expected)
  })
}

t.test(
  'after a plane came back the fleet is even again in some minutes, a few agents a second, and then quiet',
  async (t) => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 50, max: 3_000 }), (count, agents) => {
        const planes = Array.from({ length: count }, (_, n) => `plane-${n}`)
        // The first one was away: each agent is at the best of the others.
        const fleet = Array.from({ length: agents }, (_, n) => {
          const order = preferred(`agent-${n}`, planes)
          return { order, at: order.find((plane) => plane !== planes[0]) ?? '' }
        })
        const loads = () =>
          planes.map((replica) => ({ replica, sessions: fleet.filter(({ at }) => at === replica).length }))
        let quiet = 0
        for (let second = 0; second < 600 && quiet < 2; second += 1) {
          const now = loads()
          let moved = 0
          for (const plane of planes) {
            const offers = offersNow(plane, now)
            if (offers > 1 + agents / 250) return false
            for (const agent of fleet.filter(({ at, order }) => at === plane && order[0] !== plane).slice(0, offers)) {
              agent.at = agent.order[0] ?? ''
              moved += 1
            }
          }
          quiet = moved === 0 ? quiet + 1 : 0
        }
        const share = agents / count
        return (
          quiet >= 2 && loads().every(({ sessions }) => Math.abs(sessions - share) < share * 0.2 + 5 * Math.sqrt(share))
        )
      }),
      { numRuns: 20 },
    )
    t.pass('even')
  },
)
