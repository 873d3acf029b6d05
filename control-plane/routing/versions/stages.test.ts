import fc from 'fast-check'
import t from 'tap'
import { stagesOf } from './stages.ts'

const known = new Set(['a', 'b', 'c', 'd', '2'])

for (const { asked, concerned = ['a', 'b', 'c', 'd'], stages } of [
  { asked: [], stages: [['2', 'a', 'b', 'c', 'd']] },
  { asked: ['all'], stages: [['2', 'a', 'b', 'c', 'd']] },
  { asked: ['1', '50%', 'all'], stages: [['a'], ['b'], ['2', 'c', 'd']] },
  { asked: ['c', '50%'], stages: [['c'], ['a', 'b'], ['2', 'd']] },
  {
    asked: ['b+d'],
    stages: [
      ['b', 'd'],
      ['2', 'a', 'c'],
    ],
  },
  { asked: ['1%'], concerned: ['c'], stages: [['c'], ['2', 'a', 'b', 'd']] },
  { asked: ['1', '50%'], concerned: [], stages: [['2', 'a', 'b', 'c', 'd']] },
  { asked: ['2'], stages: [['2'], ['a', 'b', 'c', 'd']] },
  { asked: ['a', 'a', '100%'], stages: [['a'], ['b', 'c', 'd'], ['2']] },
]) {
  t.test(`stages ${asked.join(', ') || 'unsaid'} of ${concerned.length} concerned gateways`, async (t) => {
    const result = stagesOf(asked, concerned, known)
    t.strictSame('stages' in result && result.stages.map(({ gateways }) => gateways), stages)
  })
}

for (const asked of ['nobody', '0%', '101%', '-1', '', 'a+nobody', 'all+a']) {
  t.test(`"${asked}" is no stage`, async (t) => {
    t.match(stagesOf([asked], ['a'], known), { problem: String })
  })
}

t.test('whatever is asked, every gateway comes once and none is forgotten', async (t) => {
  const stage = fc.oneof(
    fc.constantFrom('all', '1', '3', 'a', 'b+c'),
    fc.integer({ min: 1, max: 100 }).map((n) => `${n}%`),
  )
  const property = fc.property(
    fc.array(stage, { maxLength: 5 }),
    fc.subarray(['a', 'b', 'c', 'd']),
    (asked, concerned) => {
      const result = stagesOf(asked, concerned, known)
      if (!('stages' in result)) throw new Error(result.problem)
      const all = result.stages.flatMap(({ gateways }) => gateways)
      return all.length === known.size && new Set(all).size === known.size && result.stages.at(-1)?.name === 'all'
    },
  )
  t.doesNotThrow(() => fc.assert(property))
})
