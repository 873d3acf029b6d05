import t from 'tap'
import type { MetricStep } from '../../fleet/metric-series.ts'
import { bucketOfSample, mergeMinutes, rawFrom, Steps } from './metric-series.ts'

const minute = 60_000
const bucket = (at: number, value: number, samples = 1): MetricStep => ({
  at,
  sum: value * samples,
  min: value,
  max: value,
  last: value,
  samples,
})

t.test('buckets of one step are added up, others stay apart, and steps without any are left out', async (t) => {
  const steps = new Steps(5 * minute)
  for (const each of [bucket(0, 10, 2), bucket(4 * minute, 40), bucket(15 * minute, 5)]) steps.add(each)
  t.strictSame(steps.inOrder(), [
    { at: 0, sum: 60, min: 10, max: 40, last: 40, samples: 3 },
    { at: 15 * minute, sum: 5, min: 5, max: 5, last: 5, samples: 1 },
  ])
})

t.test('a minute that was written while it was read counts once, by the piece that has more', async (t) => {
  t.strictSame(mergeMinutes([bucket(minute, 1, 3)], [bucket(0, 1), bucket(minute, 1, 2)]), [
    bucket(0, 1),
    bucket(minute, 1, 3),
  ])
})

for (const { name, samples, whole, expected } of [
  { name: 'nothing', samples: [], whole: true, expected: Number.POSITIVE_INFINITY },
  { name: 'a whole series', samples: [61_000], whole: true, expected: minute },
  { name: 'a series whose beginning is gone', samples: [61_000], whole: false, expected: 2 * minute },
  { name: 'one that is cut at a full minute', samples: [minute], whole: false, expected: minute },
]) {
  t.test(`values are told from the first minute of which all are there: ${name}`, async (t) => {
    t.equal(
      rawFrom(
        samples.map((at) => bucketOfSample({ at, value: 1 })),
        whole,
      ),
      expected,
    )
  })
}
