import fc from 'fast-check'
import t from 'tap'
import { RecentSamples } from './recent-samples.ts'
import type { Sample } from './rollup.ts'

const base: Sample = { instance: 'a', node: 'n', name: 'x', unit: 'count', value: 0, at: 0 }
const plenty = 1024 * 1024
const startedAt = 1_790_000_000_000

t.test(
  'the newest samples of every series are there in their order, and each series knows whether all are',
  async (t) => {
    const sample = fc.record({
      instance: fc.constantFrom('a', 'b', ''),
      name: fc.constantFrom('x', 'y', 'z'),
      node: fc.constantFrom('n', 'm'),
      laterMs: fc.constantFrom(0, 0, 1, 15_000),
    })
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.array(sample, { maxLength: 300 }), (samples) => {
          const recent = new RecentSamples(plenty)
          let at = startedAt
          const all = samples.map(({ laterMs, ...each }, value): Sample => {
            at += laterMs
            return { ...base, ...each, at, value }
          })
          for (const each of all) recent.add(each)
          if (recent.of('').length > 0) return false
          return ['a', 'b'].every((service) => {
            const told = Map.groupBy(
              all.filter(({ instance }) => instance === service),
              ({ node, name }) => `${node} ${name}`,
            )
            const found = recent.of(service)
            return (
              found.length <= told.size &&
              found.every(({ node, name, samples, whole }) => {
                const series = told.get(`${node} ${name}`) ?? []
                const newest = series.slice(-samples.length).map(({ at, value }) => ({ at, value }))
                const isNewest = JSON.stringify(samples) === JSON.stringify(newest)
                return isNewest && (!whole || samples.length === series.length)
              })
            )
          })
        }),
        { numRuns: 200 },
      ),
    )
  },
)

t.test('fifteen minutes of what comes each 15 s are there', async (t) => {
  const recent = new RecentSamples(plenty)
  for (let at = 0; at < 200; at += 1) {
    for (const name of ['x', 'y']) recent.add({ ...base, name, at: startedAt + at * 15_000, value: at })
  }
  for (const { samples, whole } of recent.of('a')) {
    t.ok(samples.length >= 60)
    t.equal(samples.at(-1)?.value, 199)
    t.notOk(whole)
  }
})

t.test('what comes late is put in its place; what is no number, or of another unit, is not mixed in', async (t) => {
  const recent = new RecentSamples(plenty)
  for (const [at, value] of [
    [5, 1],
    [2, 2.1],
    [9, Number.NaN],
    [9, 1e300],
  ] as const)
    recent.add({ ...base, at, value })
  t.strictSame(recent.of('a'), [
    {
      name: 'x',
      unit: 'count',
      node: 'n',
      samples: [
        { at: 2, value: 2.1 },
        { at: 5, value: 1 },
      ],
      whole: true,
    },
  ])
  recent.add({ ...base, unit: 'ms', at: 6 })
  t.match(recent.of('a'), [{ unit: 'ms', samples: [{ at: 6 }] }])
})

t.test('a past that is replayed beside what comes now pushes nothing newer out', async (t) => {
  const anHour = 240
  const arrivals = fc.record({
    /** Samples of the past that come between two of now. */
    between: fc.integer({ min: 1, max: 40 }),
    backwards: fc.boolean(),
    live: fc.integer({ min: 1, max: 90 }),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(arrivals, ({ between, backwards, live }) => {
        const recent = new RecentSamples(plenty)
        const past = Array.from({ length: anHour }, (_, index) => startedAt + index * 15_000)
        if (backwards) past.reverse()
        const all: number[] = []
        for (let index = 0; index < live || past.length > 0; index += 1) {
          if (index < live) all.push(startedAt + (anHour + index) * 15_000)
          all.push(...past.splice(0, between))
        }
        for (const at of all) for (const name of ['x', 'y']) recent.add({ ...base, name, at, value: at % 1_000_000 })
        const newest = all.toSorted((a, b) => a - b).slice(-64)
        const found = recent.of('a')
        return (
          found.length === 2 &&
          found.every(({ samples, whole }) => {
            const times = samples.map(({ at }) => at)
            const isTrue = samples.every(({ at, value }) => value === at % 1_000_000)
            return isTrue && !whole && JSON.stringify(times) === JSON.stringify(newest)
          })
        )
      }),
      { numRuns: 100 },
    ),
  )
  const recent = new RecentSamples(plenty)
  recent.add({ ...base, at: startedAt })
  recent.add({ ...base, at: startedAt - 60 * 86_400_000 })
  t.match(recent.of('a'), [{ samples: [{ at: startedAt }], whole: false }], 'nor does what is older than can be told')
  t.equal(recent.of('a')[0]?.samples.length, 1)
})

t.test('what nobody speaks of any more makes room, and who comes later may have been here before', async (t) => {
  const recent = new RecentSamples(plenty)
  recent.add({ ...base, at: startedAt })
  const before = recent.bytes
  for (let step = 0; step < 10; step += 1) {
    recent.add({ ...base, instance: 'b', at: startedAt + 16 * 60_000 + step * 15_000 })
  }
  t.strictSame(recent.of('a'), [])
  t.match(recent.of('b'), [{ whole: true }])
  recent.add({ ...base, at: startedAt + 17 * 60_000 })
  t.match(recent.of('a'), [{ whole: false, samples: [{ at: startedAt + 17 * 60_000 }] }])
  t.ok(recent.bytes > before)
})

t.test('there is never more than may be, and a clock that jumps by months mixes nothing up', async (t) => {
  const most = 20_000
  const recent = new RecentSamples(most)
  let largest = 0
  for (let step = 0; step < 5_000; step += 1) {
    recent.add({ ...base, instance: `i-${step % 100}`, name: `m-${step % 7}`, at: startedAt + step * 100, value: step })
    largest = Math.max(largest, recent.bytes)
  }
  t.ok(largest <= most)
  t.ok(recent.of('i-0').length > 0)
  const other = new RecentSamples(plenty)
  other.add({ ...base, at: startedAt })
  other.add({ ...base, at: startedAt + 90 * 86_400_000 })
  t.match(other.of('a'), [{ samples: [{ at: startedAt + 90 * 86_400_000 }], whole: false }])
})

t.test('metrics that are ever others take no more room, and none once nobody speaks of them', async (t) => {
  const recent = new RecentSamples(64 * plenty)
  let at = startedAt
  let largest = 0
  for (let moment = 0; moment < 300; moment += 1) {
    at += 15_000
    for (let index = 0; index < 25; index += 1)
      recent.add({ ...base, name: `job-${moment}-${index}`, at, value: moment })
    largest = Math.max(largest, recent.bytes)
  }
  const found = recent.of('a')
  t.equal(found.length, 64 * 25, 'those of the moments that are kept')
  t.ok(found.every(({ name, samples }) => samples.every(({ value }) => name.startsWith(`job-${value}-`))))
  t.equal(recent.passedOver, 0)
  t.ok(largest < plenty)
  for (let moment = 0; moment < 130; moment += 1) {
    at += 15_000
    recent.add({ ...base, at, value: moment })
  }
  t.strictSame(
    recent.of('a').map(({ name, samples }) => [name, samples.length, samples.at(-1)?.value]),
    [['x', 64, 129]],
  )
  t.ok(recent.bytes < 2_000)
})

t.test('more metrics at once than there may be are passed over until others make room', async (t) => {
  const recent = new RecentSamples(64 * plenty)
  let at = startedAt
  const tell = (prefix: string, count: number) => {
    at += 15_000
    for (let index = 0; index < count; index += 1) recent.add({ ...base, name: `${prefix}-${index}`, at, value: index })
  }
  tell('first', 5_000)
  t.equal(recent.of('a').length, 2_000)
  t.equal(recent.passedOver, 3_000)
  t.ok(recent.of('a').every(({ whole }) => !whole))
  tell('first', 2_000)
  t.equal(recent.passedOver, 3_000, 'what has its room goes on')
  // None of these finds room, and yet the first ones grow old.
  for (let moment = 0; moment < 64; moment += 1) tell('second', 10)
  tell('third', 2_000)
  const third = recent.of('a').filter(({ name }) => name.startsWith('third'))
  t.ok(third.length > 1_900)
  t.ok(third.every(({ name, samples }) => name === `third-${samples[0]?.value}`))
  t.ok(recent.bytes < 2 * plenty)
})

t.test('of many metrics each keeps its own values, whichever come and go', async (t) => {
  const step = fc.record({
    from: fc.nat(400),
    count: fc.nat(120),
    unit: fc.constantFrom<Sample['unit']>('count', 'ms'),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const recent = new RecentSamples(plenty)
        for (const [moment, { from, count, unit }] of steps.entries()) {
          for (let name = from; name < from + count; name += 1) {
            const sample = { ...base, name: `m-${name}`, unit, at: startedAt + moment * 15_000 }
            recent.add({ ...sample, value: name + 1_000 * moment })
          }
        }
        return recent.of('a').every(({ name, unit, samples }) =>
          samples.every(({ at, value }) => {
            const moment = (at - startedAt) / 15_000
            const said = steps[moment]
            const number = Number(name.slice(2))
            const isSaid = said !== undefined && number >= said.from && number < said.from + said.count
            return isSaid && said.unit === unit && value === number + 1_000 * moment
          }),
        )
      }),
      { numRuns: 50 },
    ),
  )
})
