import fc from 'fast-check'
import t from 'tap'
import type { ClusterStanding } from '../protocol/federation.ts'
import { decideCluster, type Question } from './decide.ts'
import { defaultMargins, defaultRules, type FederationRule } from './policy.ts'

const policy = { rules: [...defaultRules(['zervigo', 'looma'])], margins: defaultMargins }

function cluster(name: string, over: Partial<ClusterStanding> = {}): ClusterStanding {
  return { name, alive: true, health: 100, ai_capacity: 1, load: 0.5, ...over }
}

type Two = { readonly zervigo?: Partial<ClusterStanding>; readonly looma?: Partial<ClusterStanding> }

function ask({ zervigo, looma }: Two, question: Partial<Question>) {
  const clusters = [cluster('zervigo', zervigo), cluster('looma', looma)]
  return decideCluster({ type: 'other', pin: 'auto', previous: undefined, clusters, policy, ...question })
}

for (const { name, two, question, answer } of [
  {
    name: 'user management goes by health',
    two: { zervigo: { health: 90 }, looma: { health: 95 } },
    question: { type: 'user-service' },
    answer: { rule: 'user-management', cluster: 'looma', fallback: 'zervigo', because: 'higher' },
  },
  {
    name: 'so do Basic Servers, whatever their number',
    two: { looma: { health: 99 } },
    question: { type: 'basic-server-2' },
    answer: { rule: 'user-management', cluster: 'zervigo', because: 'higher' },
  },
  {
    name: 'AI goes by AI capacity, not by health',
    two: { zervigo: { ai_capacity: 2, health: 100 }, looma: { ai_capacity: 3, health: 50 } },
    question: { type: 'ai-service' },
    answer: { rule: 'ai', by: 'ai_capacity', cluster: 'looma' },
  },
  {
    name: 'where nobody has AI capacity, health decides',
    two: { zervigo: { ai_capacity: 0, health: 50 }, looma: { ai_capacity: 0 } },
    question: { type: 'ai' },
    answer: { cluster: 'looma', because: 'tie' },
  },
  {
    name: 'resume goes to Zervigo while its load is under 0.8 of that of Looma',
    two: { zervigo: { load: 0.39 }, looma: { load: 0.5 } },
    question: { type: 'resume' },
    answer: { rule: 'resume', cluster: 'zervigo', because: 'under' },
  },
  {
    name: 'resume goes to Looma from 0.8 on',
    two: { zervigo: { load: 0.4 }, looma: { load: 0.5 } },
    question: { type: 'resume-service' },
    answer: { cluster: 'looma', fallback: 'zervigo', because: 'not_under' },
  },
  {
    name: 'resume goes to Looma where nobody measured anything',
    two: { zervigo: { load: 1 }, looma: { load: 1 } },
    question: { type: 'resume' },
    answer: { cluster: 'looma', because: 'not_under' },
  },
  {
    name: 'resume goes to Looma when that has no load at all',
    two: { zervigo: { load: 0 }, looma: { load: 0 } },
    question: { type: 'resume' },
    answer: { cluster: 'looma' },
  },
  {
    name: 'resume goes to Zervigo when Looma is dead, however loaded it is',
    two: { zervigo: { load: 1 }, looma: { alive: false, load: 0.1 } },
    question: { type: 'resume' },
    answer: { cluster: 'zervigo', fallback: null, because: 'only_alive' },
  },
  {
    name: 'anything else goes to Zervigo on a tie',
    two: {},
    question: { type: 'jobs' },
    answer: { rule: 'other', cluster: 'zervigo', fallback: 'looma', because: 'tie', instead: null },
  },
  {
    name: 'a pin wins over every figure',
    two: { looma: { health: 1 } },
    question: { type: 'jobs', pin: 'looma' },
    answer: { cluster: 'looma', fallback: 'zervigo', because: 'pinned' },
  },
  {
    name: 'a pin to a dead cluster is as if nothing had been said',
    two: { looma: { alive: false } },
    question: { type: 'jobs', pin: 'looma' },
    answer: { cluster: 'zervigo', fallback: null, because: 'pinned_dead' },
  },
  {
    name: 'where nobody is alive nobody answers',
    two: { zervigo: { alive: false }, looma: { alive: false } },
    question: { pin: 'looma' },
    answer: { cluster: null, fallback: null, because: 'none_alive' },
  },
  {
    name: 'who answers goes on while another is better by less than the margin',
    two: { zervigo: { health: 98 }, looma: { health: 94 } },
    question: { previous: 'looma' },
    answer: { cluster: 'looma', because: 'kept', instead: 'zervigo' },
  },
  {
    name: 'another takes over that is better by more than the margin',
    two: { zervigo: { health: 98 }, looma: { health: 92 } },
    question: { previous: 'looma' },
    answer: { cluster: 'zervigo', because: 'higher', instead: null },
  },
  {
    name: 'by AI capacity the margin is a share',
    two: { zervigo: { ai_capacity: 10 }, looma: { ai_capacity: 10.9 } },
    question: { type: 'ai', previous: 'zervigo' },
    answer: { cluster: 'zervigo', because: 'kept', instead: 'looma' },
  },
  {
    name: 'to come in, the load of Zervigo must be well under the limit',
    two: { zervigo: { load: 0.39 }, looma: { load: 0.5 } },
    question: { type: 'resume', previous: 'looma' },
    answer: { cluster: 'looma', because: 'kept', instead: 'zervigo' },
  },
  {
    name: 'it comes in below the margin',
    two: { zervigo: { load: 0.37 }, looma: { load: 0.5 } },
    question: { type: 'resume', previous: 'looma' },
    answer: { cluster: 'zervigo', because: 'under' },
  },
  {
    name: 'it stays up to the limit, and not beyond it',
    two: { zervigo: { load: 0.4 }, looma: { load: 0.5 } },
    question: { type: 'resume', previous: 'zervigo' },
    answer: { cluster: 'looma', because: 'not_under' },
  },
  {
    name: 'who has died is not held on to',
    two: { looma: { alive: false } },
    question: { previous: 'looma' },
    answer: { cluster: 'zervigo' },
  },
] as const) {
  t.test(name, async (t) => {
    t.match(ask(two, question), answer)
  })
}

const names = ['zervigo', 'looma', 'third'] as const
const standing = (name: string): fc.Arbitrary<ClusterStanding> =>
  fc.record({
    name: fc.constant(name),
    alive: fc.boolean(),
    health: fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10),
    ai_capacity: fc.integer({ min: 0, max: 300 }).map((hundredths) => hundredths / 100),
    load: fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000),
  })
const question: fc.Arbitrary<Question> = fc.integer({ min: 1, max: 3 }).chain((count) =>
  fc.record({
    type: fc.constantFrom('user', 'ai', 'resume', 'jobs'),
    pin: fc.constantFrom('auto', ...names),
    clusters: fc.tuple(...names.slice(0, count).map(standing)),
    policy: fc.constant(policy),
    previous: fc.option(fc.constantFrom(...names), { nil: undefined }),
  }),
)
const isAlive = (clusters: readonly ClusterStanding[], wanted: string | null) =>
  clusters.some(({ name, alive }) => name === wanted && alive)

t.test('a pin always wins where its cluster is alive', async (t) => {
  fc.assert(
    fc.property(question, (asked) => {
      if (!isAlive(asked.clusters, asked.pin)) return true
      const { cluster, because } = decideCluster(asked)
      return cluster === asked.pin && because === 'pinned'
    }),
  )
  t.pass()
})

t.test('a dead cluster is never chosen, nor fallen back to; a living one always is', async (t) => {
  fc.assert(
    fc.property(question, (asked) => {
      const { cluster, fallback } = decideCluster(asked)
      const living = asked.clusters.filter(({ alive }) => alive).length
      return (
        (cluster === null ? living === 0 : isAlive(asked.clusters, cluster)) &&
        (fallback === null ? living < 2 : isAlive(asked.clusters, fallback) && fallback !== cluster)
      )
    }),
  )
  t.pass()
})

t.test('who decides again with what was decided comes to the same', async (t) => {
  fc.assert(
    fc.property(question, (asked) => {
      const auto = { ...asked, pin: 'auto' }
      const first = decideCluster(auto)
      const second = decideCluster({ ...auto, previous: first.cluster ?? undefined })
      return second.cluster === first.cluster && second.fallback === first.fallback
    }),
  )
  t.pass()
})

t.test('a better figure never costs a cluster its place', async (t) => {
  const better: Readonly<Record<FederationRule['by'], (each: ClusterStanding) => ClusterStanding>> = {
    health: (each) => ({ ...each, health: each.health + 1 }),
    ai_capacity: (each) => ({ ...each, ai_capacity: each.ai_capacity + 1, health: each.health + 1 }),
    load: (each) => each,
  }
  fc.assert(
    fc.property(question, (asked) => {
      const { cluster, by } = decideCluster(asked)
      const clusters = asked.clusters.map((each) => (each.name === cluster ? better[by](each) : each))
      return decideCluster({ ...asked, clusters }).cluster === cluster
    }),
  )
  t.pass()
})
