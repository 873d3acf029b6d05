import fc from 'fast-check'
import t from 'tap'
import { RecentSamples } from './recent-samples.ts'
import type { Sample } from './rollup.ts'

const base: Sample = { instance: 'a', node: 'n', name: 'x', unit: 'count', value: 0, at: 0 }

t.test(
  'the newest samples of every series are there, those that made room are not, and each series knows',
  async (t) => {
    const sample = fc.record({
      instance: fc.constantFrom('a', 'b', ''),
      name: fc.constantFrom('x', 'y'),
      node: fc.constantFrom('n', 'm'),
    })
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (samples, most) => {
        const recent = new RecentSamples(most)
        const all = samples.map((each, at) => ({ ...base, ...each, at, value: at }))
        for (const each of all) recent.add(each)
        const ofServices = all.filter(({ instance }) => instance !== '')
        const kept = ofServices.slice(-most)
        for (const service of ['a', 'b', '']) {
          const found = recent.of(service)
          const expected = Map.groupBy(
            kept.filter(({ instance }) => instance === service && service !== ''),
            ({ node, name }) => `${node} ${name}`,
          )
          t.equal(found.length, expected.size)
          for (const { node, name, samples, whole } of found) {
            t.strictSame(
              samples.map(({ at }) => at),
              expected.get(`${node} ${name}`)?.map(({ at }) => at),
            )
            const before = ofServices.filter(
              (each) => each.instance === service && each.node === node && each.name === name,
            )
            if (ofServices.length <= most) t.ok(whole)
            if (whole) t.equal(before.length, samples.length)
          }
        }
      }),
      { numRuns: 100 },
    )
  },
)

t.test('what comes late is put in its place; what is no number, or of another unit, is not mixed in', async (t) => {
  const recent = new RecentSamples(10)
  for (const [at, value] of [
    [5, 1],
    [2, 2],
    [9, Number.NaN],
  ] as const)
    recent.add({ ...base, at, value })
  t.match(recent.of('a'), [{ name: 'x', samples: [{ at: 2 }, { at: 5 }], whole: true }])
  recent.add({ ...base, unit: 'ms', at: 6 })
  t.match(recent.of('a'), [{ unit: 'ms' }])
})
