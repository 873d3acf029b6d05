import fc from 'fast-check'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import type { Judgement } from './judge.ts'
import { nextCheckInMs, wireEndedMeans } from './pace.ts'

const pace = { everyMs: 5_000, recheckMs: 1_000 }
const of = (health: 'passing' | 'critical'): Judgement => ({ verdict: { health, reason: reason('ok') }, against: 0 })

t.test('checks come at their interval, sooner while critical, and the second one anywhere in it', async (t) => {
  t.equal(nextCheckInMs(pace, of('passing'), false, 0), 4_750)
  t.equal(nextCheckInMs(pace, of('passing'), false, 1), 5_000)
  t.equal(nextCheckInMs(pace, of('passing'), true, 0.5), 2_500)
  t.equal(nextCheckInMs(pace, of('critical'), false, 0.5), 1_000)
  t.equal(nextCheckInMs({ everyMs: 300, recheckMs: 1_000 }, of('critical'), true, 0.5), 300)
})

t.test('however a server ends wires, it gets at most two probes an interval', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 6_000 }), { minLength: 1, maxLength: 40 }), (ends) => {
      // Each check leaves a wire that ends after so long; the probe of an early end leaves none.
      let now = 0
      const probes: number[] = []
      for (const end of ends) {
        probes.push(now)
        if (end >= pace.everyMs) now += pace.everyMs
        else if (wireEndedMeans(end, pace) === 'check') now += end
        else {
          probes.push(now + end)
          now += pace.everyMs
        }
      }
      return probes.every((at) => probes.filter((other) => other >= at && other < at + pace.everyMs).length <= 3)
    }),
  )
  t.pass()
})
