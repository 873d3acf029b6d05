import fc from 'fast-check'
import t from 'tap'
import { type Level, levelOf, type Nearness, nextServing, returnsAt, type Serving, turnedTo } from './locality.ts'

const here = { site: 'tencent', cluster: 'looma' }
const all: readonly Nearness[] = ['site', 'cluster', 'other']

for (const { name, order = all, gateway = here, of, level } of [
  { name: 'at the same site, of whichever cluster', of: { site: 'tencent', cluster: 'zervigo' }, level: 0 },
  { name: 'of the cluster at another site', of: { site: 'alibaba', cluster: 'looma' }, level: 1 },
  { name: 'elsewhere', of: { site: 'alibaba', cluster: 'zervigo' }, level: 2 },
  { name: 'of which nothing is known', of: { site: '', cluster: '' }, level: 2 },
  {
    name: 'of which nothing is known, for a gateway of which nothing is known either',
    gateway: { site: '', cluster: '' },
    of: { site: '', cluster: '' },
    level: 2,
  },
  {
    name: 'at the same site, where the cluster comes first',
    order: ['cluster', 'site'] as const,
    of: { site: 'tencent', cluster: 'zervigo' },
    level: 1,
  },
  {
    name: 'elsewhere, where nothing far is called',
    order: ['site', 'cluster'] as const,
    of: { site: 'alibaba', cluster: 'zervigo' },
    level: undefined,
  },
]) {
  t.test(`an instance ${name} is of level ${level}`, async (t) => {
    t.equal(levelOf(order, gateway, of), level)
  })
}

const policy = { leastPercent: 50, returnAfterMs: 30_000 }
const level = (text: string): Level => {
  const [callable = 0, failed = 0] = text.split('/').map(Number)
  return { callable, failed }
}
const levels = (...texts: readonly string[]) => texts.map(level)

/** Levels as they are from a time on: `callable/failed` each. */
type Step = readonly [at: number, levels: readonly string[], serves: number | undefined]

for (const { name, steps } of [
  { name: 'the nearest that holds serves from the start', steps: [[0, ['0/3', '1/0', '5/0'], 1]] },
  { name: 'half of a level is enough', steps: [[0, ['2/2', '5/0'], 0]] },
  { name: 'less than the bound is not enough', steps: [[0, ['1/2', '5/0'], 1]] },
  { name: 'where none holds, the nearest with anything serves', steps: [[0, ['0/2', '1/4', '1/9'], 1]] },
  { name: 'where nothing can be called, no level serves', steps: [[0, ['0/2', '0/0'], undefined]] },
  {
    name: 'a level that dies is left at once, and serves again when it has held for long enough',
    steps: [
      [0, ['2/0', '2/0', '2/0'], 0],
      [10, ['0/2', '2/0', '2/0'], 1],
      [20, ['0/2', '0/2', '2/0'], 2],
      [1_000, ['2/0', '0/2', '2/0'], 2],
      [30_999, ['2/0', '0/2', '2/0'], 2],
      [31_000, ['2/0', '0/2', '2/0'], 0],
    ],
  },
  {
    name: 'each break begins the time anew',
    steps: [
      [0, ['2/0', '2/0'], 0],
      [10, ['0/2', '2/0'], 1],
      [20, ['2/0', '2/0'], 1],
      [20_000, ['0/2', '2/0'], 1],
      [20_010, ['2/0', '2/0'], 1],
      [50_009, ['2/0', '2/0'], 1],
      [50_010, ['2/0', '2/0'], 0],
    ],
  },
  {
    name: 'a part of a level that comes and goes above the bound moves nobody',
    steps: [
      [0, ['2/0', '2/0'], 0],
      [10, ['1/1', '2/0'], 0],
      [20, ['2/0', '2/0'], 0],
    ],
  },
  {
    name: 'a level that has just come back serves at once where the one that served dies',
    steps: [
      [0, ['0/2', '2/0'], 1],
      [10, ['2/0', '2/0'], 1],
      [20, ['2/0', '0/2'], 0],
    ],
  },
  {
    name: 'who serves below the bound goes on where no other holds either',
    steps: [
      [0, ['0/2', '2/0', '2/0'], 1],
      [10, ['1/9', '1/9', '0/2'], 1],
      [20, ['1/9', '0/9', '0/2'], 0],
    ],
  },
  {
    name: 'the nearest of two that come back serves when it has held itself',
    steps: [
      [0, ['0/1', '0/1', '1/0'], 2],
      [10_000, ['0/1', '1/0', '1/0'], 2],
      [20_000, ['1/0', '1/0', '1/0'], 2],
      [40_000, ['1/0', '1/0', '1/0'], 1],
      [50_000, ['1/0', '1/0', '1/0'], 0],
    ],
  },
] as readonly { readonly name: string; readonly steps: readonly Step[] }[]) {
  t.test(name, async (t) => {
    let serving: Serving | undefined
    for (const [at, texts, serves] of steps) {
      serving = nextServing(serving, levels(...texts), policy, at)
      t.equal(serving.level, serves, `at ${at}`)
    }
  })
}

t.test('when a level returns by itself is known beforehand', async (t) => {
  const before = nextServing(undefined, levels('0/1', '1/0'), policy, 0)
  t.equal(returnsAt(before, policy), undefined, 'nothing has come back')
  const back = nextServing(before, levels('1/0', '1/0'), policy, 1_000)
  t.equal(returnsAt(back, policy), 31_000)
  t.equal(returnsAt(nextServing(back, levels('1/0', '1/0'), policy, 31_000), policy), undefined, 'it is back')
})

t.test('those that hold are turned to before those that do not', async (t) => {
  const found = levels('0/1', '1/9', '1/0', '2/0')
  t.strictSame(turnedTo(nextServing(undefined, found, policy, 0), found), [2, 3, 1])
  const nothing = levels('0/1', '0/0')
  t.strictSame(turnedTo(nextServing(undefined, nothing, policy, 0), nothing), [])
})

const anyLevel = fc.record({ callable: fc.integer({ min: 0, max: 4 }), failed: fc.integer({ min: 0, max: 4 }) })
const anyHistory = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.array(anyLevel, { minLength: 3, maxLength: 3 })),
  { minLength: 1, maxLength: 60 },
)
const anyPolicy = fc.record({ leastPercent: fc.integer({ min: 0, max: 100 }), returnAfterMs: fc.constant(30_000) })

t.test(
  'whatever happens, something that can be called is called, and one that holds rather than one that does not',
  async (t) => {
    const property = fc.property(anyHistory, anyPolicy, (history, policy) => {
      let serving: Serving | undefined
      let now = 0
      for (const [after, found] of history) {
        now += after
        serving = nextServing(serving, found, policy, now)
        const { level, heldSince } = serving
        if (level === undefined) return found.every(({ callable }) => callable === 0)
        if (found[level]?.callable === 0) return false
        if (heldSince.some((since) => since !== undefined) && heldSince[level] === undefined) return false
        if (JSON.stringify(nextServing(serving, found, policy, now)) !== JSON.stringify(serving)) return false
      }
      return true
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 1_000 }))
  },
)

t.test(
  'whatever happens, a level that holds is left for no other than a nearer one that held all the time',
  async (t) => {
    const property = fc.property(anyHistory, anyPolicy, (history, policy) => {
      let before: Serving | undefined
      let now = 0
      /** Since when each level holds, reckoned here anew. */
      let since: readonly number[] = []
      for (const [after, found] of history) {
        now += after
        const held = found.map(
          ({ callable, failed }) => callable > 0 && callable * 100 >= policy.leastPercent * (callable + failed),
        )
        const first = before === undefined
        since = held.map((holds, place) => (holds ? (since[place] ?? (first ? -Infinity : now)) : Number.NaN))
        since = since.map((at, place) => (held[place] && Number.isNaN(at) ? now : at))
        const next = nextServing(before, found, policy, now)
        const from = before?.level
        const to = next.level
        if (from !== undefined && to !== undefined && to !== from && held[from]) {
          if (to > from || now - (since[to] ?? now) < policy.returnAfterMs) return false
        }
        before = next
      }
      return true
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 1_000 }))
  },
)
