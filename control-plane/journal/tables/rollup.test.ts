import fc from 'fast-check'
import t from 'tap'
import { minuteOf, RollupBuffer, type Sample } from './rollup.ts'

const minute = 60_000
const base: Sample = { node: 'n-aaaaaaaaaaaa', name: 'cpu_usage', unit: 'percent', value: 10, at: 5 * minute }

function buffer(samples: readonly Partial<Sample>[], most = 100) {
  const rollups = new RollupBuffer(most)
  for (const sample of samples) rollups.add({ ...base, ...sample })
  return rollups
}

t.test('samples of one minute become one row', async (t) => {
  const rollups = buffer([{ value: 10 }, { value: 40, at: base.at + 15_000 }, { value: 25, at: base.at + 59_999 }])
  t.strictSame(rollups.take(Number.POSITIVE_INFINITY, 10), [
    {
      service: '',
      node: base.node,
      name: 'cpu_usage',
      unit: 'percent',
      minute: base.at,
      sum: 75,
      min: 10,
      max: 40,
      last: 25,
      samples: 3,
    },
  ])
  t.equal(rollups.size, 0)
})

t.test('minutes, metrics, instances and nodes are kept apart', async (t) => {
  const rollups = buffer([{}, { at: base.at + minute }, { name: 'load' }, { instance: 'crm-1' }, { node: 'n-b' }])
  t.equal(rollups.size, 5)
})

t.test('a minute is taken once it is over', async (t) => {
  const rollups = buffer([{}, { at: base.at + minute }])
  t.equal(rollups.take(minuteOf(base.at + minute + 1), 10).length, 1)
  t.equal(rollups.size, 1)
})

t.test('what finds no room is counted, not kept', async (t) => {
  const rollups = buffer([{}, { name: 'load' }, { name: 'files' }, { value: 11 }], 2)
  t.equal(rollups.size, 2)
  t.equal(rollups.dropped, 1)
  rollups.add({ ...base, value: Number.NaN })
  t.equal(rollups.dropped, 2)
})

t.test('what is given back and added to is as if it had never been taken', async (t) => {
  const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), { minLength: 1 })
  fc.assert(
    fc.property(values, fc.nat(), (values, at) => {
      const cut = at % values.length
      const apart = buffer(values.slice(0, cut).map((value) => ({ value })))
      apart.giveBack(apart.take(Number.POSITIVE_INFINITY, 10))
      for (const value of values.slice(cut)) apart.add({ ...base, value })
      const [joined] = apart.take(Number.POSITIVE_INFINITY, 10)
      const [whole] = buffer(values.map((value) => ({ value }))).take(Number.POSITIVE_INFINITY, 10)
      return JSON.stringify(joined) === JSON.stringify(whole)
    }),
  )
  const late = buffer([{ value: 1 }])
  const taken = late.take(Number.POSITIVE_INFINITY, 10)
  late.add({ ...base, value: 5 })
  late.giveBack(taken)
  t.match(late.take(Number.POSITIVE_INFINITY, 10), [{ sum: 6, min: 1, max: 5, last: 5, samples: 2 }])
})

t.test('the minutes of a service are those that have not been taken, with the tags of their last value', async (t) => {
  const rollups = buffer([
    { instance: 'a', tags: '{"x":1}' },
    { instance: 'a', value: 20 },
    { instance: 'a', tags: '{"x":2}', at: base.at + minute },
    { instance: 'b' },
    {},
  ])
  t.match(rollups.of('a'), [
    { sum: 30, tags: '{"x":1}' },
    { minute: base.at + minute, tags: '{"x":2}' },
  ])
  const taken = rollups.take(base.at + 1, 10)
  t.match(rollups.of('a'), [{ minute: base.at + minute }])
  t.strictSame(rollups.of('b'), [])
  rollups.giveBack(taken)
  t.equal(rollups.of('a').length, 2)
  t.match(rollups.of('b'), [{ sum: 10 }])
  t.strictSame(rollups.of(''), [], 'what belongs to nodes is not asked for so')
})

t.test(
  'where more is measured than can be written, several minutes become one row, until it is less again',
  async (t) => {
    const rollups = new RollupBuffer(10_000, 10)
    const measure = (at: number, metrics: number) => {
      for (let index = 0; index < metrics; index += 1) {
        rollups.add({ ...base, node: `n-${index}`, at, value: 1 })
      }
    }
    const total = () => {
      const taken = rollups.take(Number.POSITIVE_INFINITY, 100_000)
      return taken.reduce((sum, { samples }) => sum + samples, 0)
    }
    let at = 15 * minute
    measure(at, 10)
    t.equal(rollups.stepMinutes, 1)
    measure(at, 20)
    t.equal(rollups.stepMinutes, 5)
    measure(at + minute, 200)
    t.equal(rollups.stepMinutes, 15)
    t.equal(rollups.dropped, 0)
    t.equal(total(), 230, 'nothing is lost on the way')
    at += 15 * minute
    measure(at, 200)
    measure(at + 14 * minute, 200)
    t.equal(rollups.take(minuteOf(at + 14 * minute), 1_000).length, 0, 'it is not over')
    const taken = rollups.take(minuteOf(at + 15 * minute), 1_000)
    t.match([taken.length, taken[0]?.samples, taken[0]?.minute], [200, 2, at])
    for (const _ of [1, 2, 3]) {
      at += 15 * minute
      measure(at, 3)
      total()
    }
    t.equal(rollups.stepMinutes, 1)
  },
)

t.test('of what is taken in pieces nothing comes twice', async (t) => {
  const names = Array.from({ length: 7 }, (_, index) => `m${index}`)
  const rollups = buffer(['a', 'b'].flatMap((instance) => names.map((name) => ({ instance, name, tags: `"${name}"` }))))
  const taken: string[] = []
  while (rollups.size > 0) {
    const some = rollups.take(Number.POSITIVE_INFINITY, 3)
    t.ok(some.length > 0 && some.length <= 3)
    for (const { service, name, tags } of some) taken.push(`${service} ${name} ${tags}`)
  }
  t.strictSame(
    taken,
    ['a', 'b'].flatMap((instance) => names.map((name) => `${instance} ${name} "${name}"`)),
  )
})
