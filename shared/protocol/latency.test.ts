import * as fc from 'fast-check'
import t from 'tap'
import { addAllTook, addTook, latencyBoundsMs, latencySlot, latencySlots, percentileMs } from './latency.ts'

const ms = () => fc.double({ min: 0, max: 100_000, noNaN: true })

t.test('an answer falls between the bounds that hold it', async (t) => {
  for (const { took, slot } of [
    { took: 0, slot: 0 },
    { took: 0.9, slot: 0 },
    { took: 1, slot: 1 },
    { took: 6.99, slot: 4 },
    { took: 7, slot: 5 },
    { took: 60_000, slot: latencySlots - 1 },
    { took: 1e9, slot: latencySlots - 1 },
  ]) {
    t.equal(latencySlot(took), slot, `${took} ms`)
  }
  fc.assert(
    fc.property(ms(), (took) => {
      const slot = latencySlot(took)
      return took >= (latencyBoundsMs[slot - 1] ?? 0) && took < (latencyBoundsMs[slot] ?? Number.POSITIVE_INFINITY)
    }),
  )
})

t.test('a percentile is in the slot of the answer that stands there, wherever the answers were counted', async (t) => {
  t.equal(percentileMs([], 0.5), undefined)
  t.equal(percentileMs([0, 0], 0.5), undefined)
  fc.assert(
    fc.property(
      fc.array(ms(), { minLength: 1 }),
      fc.nat(),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (all, cut, share) => {
        const [here, there]: [number[], number[]] = [[], []]
        for (const [index, took] of all.entries()) addTook(index < cut % all.length ? here : there, took)
        addAllTook(here, there)
        const sorted = all.toSorted((a, b) => a - b)
        const true_ = sorted[Math.max(0, Math.ceil(share * all.length - 1e-9) - 1)] ?? 0
        const slot = latencySlot(true_)
        const found = percentileMs(here, share) ?? -1
        return found >= (latencyBoundsMs[slot - 1] ?? 0) && found <= (latencyBoundsMs[slot] ?? 60_000)
      },
    ),
  )
})
