import fc from 'fast-check'
import t from 'tap'
import { defaultMargins, defaultRules } from '#shared/federation/policy.ts'
import type { ClusterStanding } from '#shared/protocol/federation.ts'
import { type AllAnswering, nextAnswering } from './answering.ts'

const policy = { rules: [...defaultRules(['zervigo', 'looma'])], margins: defaultMargins }
const patienceMs = 30_000
type Two = { readonly zervigo?: Partial<ClusterStanding>; readonly looma?: Partial<ClusterStanding> }

function both({ zervigo, looma }: Two): readonly ClusterStanding[] {
  const well = { alive: true, health: 100, ai_capacity: 0, load: 0.5 }
  return [
    { name: 'zervigo', ...well, ...zervigo },
    { name: 'looma', ...well, ...looma },
  ]
}

/** Who answers by a rule after each of these moments. */
function course(rule: string, ...moments: readonly (readonly [at: number, two: Two])[]) {
  let answering: AllAnswering = new Map()
  return moments.map(([at, two]) => {
    answering = nextAnswering(answering, both(two), policy, patienceMs, at)
    return answering.get(rule)?.cluster
  })
}

for (const { name, rule, moments, clusters } of [
  {
    name: 'a cluster that has come back takes over again on a tie, after a while',
    rule: 'other',
    moments: [
      [0, {}],
      [1, { zervigo: { alive: false } }],
      [2, {}],
      [30_001, {}],
      [30_002, {}],
    ],
    clusters: ['zervigo', 'looma', 'looma', 'looma', 'zervigo'],
  },
  {
    name: 'who is better by much takes over at once',
    rule: 'user-management',
    moments: [
      [0, {}],
      [1, { zervigo: { health: 90 } }],
    ],
    clusters: ['zervigo', 'looma'],
  },
  {
    name: 'who is better by little waits, and begins anew when it was not for a moment',
    rule: 'user-management',
    moments: [
      [0, {}],
      [1, { zervigo: { health: 98 } }],
      [20_000, {}],
      [20_001, { zervigo: { health: 98 } }],
      [30_002, { zervigo: { health: 98 } }],
      [50_001, { zervigo: { health: 98 } }],
    ],
    clusters: ['zervigo', 'zervigo', 'zervigo', 'zervigo', 'zervigo', 'looma'],
  },
  {
    name: 'Zervigo gives resume away at the limit at once, and gets it back below it',
    rule: 'resume',
    moments: [
      [0, { zervigo: { load: 0.3 } }],
      [1, { zervigo: { load: 0.4 } }],
      [2, { zervigo: { load: 0.39 } }],
      [3, { zervigo: { load: 0.37 } }],
    ],
    clusters: ['zervigo', 'looma', 'looma', 'zervigo'],
  },
  {
    name: 'nobody answers while nobody is alive',
    rule: 'ai',
    moments: [
      [0, { zervigo: { alive: false }, looma: { alive: false } }],
      [1, { zervigo: { alive: false } }],
    ],
    clusters: [undefined, 'looma'],
  },
] as const) {
  t.test(name, async (t) => {
    t.strictSame(course(rule, ...moments), clusters)
  })
}

t.test('since when somebody answers stays as long as it does', async (t) => {
  const first = nextAnswering(new Map(), both({}), policy, patienceMs, 5)
  const second = nextAnswering(first, both({}), policy, patienceMs, 9)
  t.strictSame(second.get('other'), { cluster: 'zervigo', since: 5, challenger: undefined })
  t.strictSame([...second.keys()], ['user-management', 'ai', 'resume', 'other'])
})

t.test('scores that wander by less than the margin move nobody oftener than once in a while', async (t) => {
  const steps = fc.array(
    fc.record({ ms: fc.integer({ min: 1, max: 5_000 }), health: fc.integer({ min: 96, max: 100 }) }),
    {
      maxLength: 60,
    },
  )
  fc.assert(
    fc.property(steps, (walk) => {
      let answering: AllAnswering = new Map()
      let now = 0
      let movedAt = Number.NEGATIVE_INFINITY
      for (const { ms, health } of walk) {
        now += ms
        const before = answering.get('other')?.cluster
        answering = nextAnswering(answering, both({ zervigo: { health } }), policy, patienceMs, now)
        const after = answering.get('other')?.cluster
        if (before === undefined || before === after) continue
        if (now - movedAt < patienceMs) return false
        movedAt = now
      }
      return true
    }),
  )
  t.pass()
})
