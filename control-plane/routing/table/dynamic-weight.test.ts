import fc from 'fast-check'
import t from 'tap'
import { type Measured, nextWeights, type Weighed } from './dynamic-weight.ts'

const nothing: Measured = { latencyMs: undefined, errors: undefined, measuredLoad: undefined, ownLoad: undefined }

/** The weight of `a` after it was measured so for a while, beside two that are well. */
function settled(own: Partial<Measured>, known?: Weighed, forMs = 600_000): Weighed | undefined {
  let weighed: ReadonlyMap<string, Weighed> = new Map(known ? [['a', known]] : [])
  const well = { ...nothing, latencyMs: 30, measuredLoad: 0.1 }
  for (let now = 0; now <= forMs; now += 5_000) {
    const measured = new Map([
      ['a', { ...nothing, ...own }],
      ['b', well],
      ['c', well],
    ])
    weighed = nextWeights(weighed, measured, now)
  }
  return weighed.get('a')
}

for (const { name, own, factor, cause } of [
  { name: 'of which nothing is known', own: {}, factor: 1, cause: undefined },
  { name: 'that is well', own: { latencyMs: 30, errors: 0, measuredLoad: 0.2 }, factor: 1, cause: undefined },
  { name: 'on a node that is busy', own: { measuredLoad: 0.85 }, factor: 0.55, cause: 'load' },
  { name: 'on a node that is full', own: { measuredLoad: 1 }, factor: 0.1, cause: 'load' },
  { name: 'that says it is busier', own: { measuredLoad: 0.2, ownLoad: 0.85 }, factor: 0.55, cause: 'load' },
  { name: 'that says it is idle on a busy node', own: { measuredLoad: 0.85, ownLoad: 0 }, factor: 0.55, cause: 'load' },
  { name: 'that says it is busy where nobody measures', own: { ownLoad: 1 }, factor: 0.1, cause: 'load' },
  { name: 'that says it is idle where nobody measures', own: { ownLoad: 0 }, factor: 1, cause: undefined },
  { name: 'a fifth of whose requests fail', own: { errors: 0.2 }, factor: 0.6, cause: 'errors' },
  { name: 'four times as slow as the others', own: { latencyMs: 120 }, factor: 0.5, cause: 'latency' },
  { name: 'not quite twice as slow as the others', own: { latencyMs: 59 }, factor: 1, cause: undefined },
  { name: 'slow and failing', own: { latencyMs: 120, errors: 0.4 }, factor: 0.2, cause: 'errors' },
] as const) {
  t.test(`an instance ${name} gets ${factor} of its weight`, async (t) => {
    const weighed = settled(own)
    t.ok(Math.abs((weighed?.factor ?? 1) - factor) <= 0.1, String(weighed?.factor))
    t.equal(weighed?.cause, cause)
  })
}

t.test('a weight follows gradually, and comes back whole', async (t) => {
  const early = settled({ measuredLoad: 1 }, { smoothed: 1, factor: 1, cause: undefined, at: 0 }, 10_000)
  t.ok((early?.factor ?? 0) > 0.5 && (early?.factor ?? 1) < 1, String(early?.factor))
  const low = settled({ measuredLoad: 1 })
  t.equal(settled({ measuredLoad: 0 }, low && { ...low, at: 0 })?.factor, 1)
})

t.test('whoever begins to look takes what there is', async (t) => {
  t.match(settled({ measuredLoad: 1 }, undefined, 0), { smoothed: 0.1, factor: 0.1, cause: 'load' })
})

t.test('what is not known any more stays as it was', async (t) => {
  const low = { smoothed: 0.3, factor: 0.3, cause: 'load' as const, at: 0 }
  t.match(settled({}, low), { factor: 0.3, cause: 'load' })
  t.match(settled({ ownLoad: 0 }, low), { factor: 0.3 }, 'its own word that it is idle brings nothing back')
})

t.test('what an instance alone has said of itself it may take back, and not more than that', async (t) => {
  const said = settled({ ownLoad: 1 })
  t.match(said, { factor: 0.1, said: true })
  const again = said && { ...said, at: 0 }
  t.match(settled({ ownLoad: 0.2 }, again), { factor: 1, cause: undefined, said: undefined })
  t.match(settled({}, again), { factor: 0.1 }, 'silence takes nothing back')
  t.match(settled({ ownLoad: 0, measuredLoad: 1 }, again), { factor: 0.1, said: undefined }, 'what is measured stands')
})

t.test('where all nodes are busy alike nobody is kept away from for it, and who is slow still is', async (t) => {
  const full = { ...nothing, latencyMs: 30, measuredLoad: 1 }
  const measured = new Map([
    ['a', { ...full, latencyMs: 600 }],
    ['b', full],
    ['c', { ...full, measuredLoad: 0.97 }],
  ])
  const weighed = nextWeights(new Map(), measured, 0)
  t.match(weighed.get('a'), { factor: 0.1, cause: 'latency' })
  t.match(weighed.get('c'), { factor: 1, cause: undefined })
  t.match(weighed.get('b'), { factor: 0.55, cause: 'load' }, 'against the one that is a little less busy')
})

t.test('two instances are not compared with each other', async (t) => {
  const measured = new Map([
    ['a', { ...nothing, latencyMs: 1 }],
    ['b', { ...nothing, latencyMs: 5_000 }],
  ])
  const once = nextWeights(new Map(), measured, 0)
  t.equal(nextWeights(once, measured, 600_000).get('b'), undefined)
})

const share = fc.option(fc.double({ min: -1, max: 9, noNaN: true }), { nil: undefined })
const anyMeasured: fc.Arbitrary<Measured> = fc.record({
  latencyMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
  errors: share,
  measuredLoad: share,
  ownLoad: share,
})
const course = fc.array(fc.record({ ms: fc.integer({ min: 0, max: 100_000 }), own: anyMeasured }), { maxLength: 20 })

t.test('whatever is measured, a weight stays between a tenth and the whole of what is declared', async (t) => {
  fc.assert(
    fc.property(course, anyMeasured, (moments, other) => {
      let weighed: ReadonlyMap<string, Weighed> = new Map()
      let now = 0
      return moments.every(({ ms, own }) => {
        now += ms
        weighed = nextWeights(weighed, new Map(Object.entries({ a: own, b: other, c: other })), now)
        return [...weighed.values()].every(({ factor }) => factor >= 0.1 && factor <= 1)
      })
    }),
  )
  t.pass()
})

t.test('what an instance says of itself never raises its weight, nor lowers that of another', async (t) => {
  fc.assert(
    fc.property(course, (moments) => {
      let said: ReadonlyMap<string, Weighed> = new Map()
      let silent: ReadonlyMap<string, Weighed> = new Map()
      let now = 0
      return moments.every(({ ms, own }) => {
        now += ms
        const peer = { ...nothing, latencyMs: 30, measuredLoad: 0.5 }
        const measuredLoad = own.measuredLoad ?? 0
        const spoken = { ...own, errors: undefined, measuredLoad }
        said = nextWeights(said, new Map(Object.entries({ a: spoken, b: peer, c: peer })), now)
        silent = nextWeights(
          silent,
          new Map(Object.entries({ a: { ...spoken, ownLoad: undefined }, b: peer, c: peer })),
          now,
        )
        const smoothed = (map: typeof said, id: string) => map.get(id)?.smoothed ?? 0
        return smoothed(said, 'a') <= smoothed(silent, 'a') && smoothed(said, 'b') === smoothed(silent, 'b')
      })
    }),
  )
  t.pass()
})
