import fc from 'fast-check'
import t from 'tap'
import { decideCluster } from '../federation/decide.ts'
import { defaultMargins, defaultRules } from '../federation/policy.ts'
import type { ClusterView, FederationView } from '../protocol/federation.ts'
import { planCall } from './plan.ts'

const since = '2026-03-01T10:00:00.000Z'
const inputs = {
  services: 1,
  instances: 1,
  taken_out: 0,
  routable: 1,
  warning: 0,
  out_of_contact: 0,
  last: 0,
  measured: 1,
  own_word: 0,
  ai_instances: 0,
  ai_routable: 0,
}

function told(clusters: readonly Partial<ClusterView>[], answering: FederationView['answering'] = []): FederationView {
  const names = ['zervigo', 'looma', 'third']
  return {
    clusters: clusters.map((over, index) => ({
      name: names[index] ?? '',
      alive: true,
      health: 100,
      ai_capacity: 0,
      load: 0.5,
      since,
      entry: null,
      inputs,
      ...over,
    })),
    rules: [...defaultRules(['zervigo', 'looma'])],
    margins: defaultMargins,
    answering,
  }
}

const ask = (view: FederationView | undefined, callable: readonly string[], over: object = {}) =>
  planCall({ type: 'crm', pin: 'auto', told: view, ...over }, new Set(callable))

t.test('a cluster without a callable instance of the service is not alive for it', async (t) => {
  t.match(ask(told([{}, {}]), ['looma']), { cluster: 'looma', fallback: null, because: 'only_alive' })
})

t.test('a cluster that the plane holds dead is passed over while another one can be called', async (t) => {
  t.match(ask(told([{ alive: false }, {}]), ['zervigo', 'looma']), { cluster: 'looma', fallback: null })
  t.match(ask(told([{ alive: false }, {}]), ['zervigo']), { cluster: 'zervigo' })
})

t.test('before the plane has said anything all stand alike', async (t) => {
  t.match(ask(undefined, ['looma', 'zervigo']), { cluster: 'zervigo', fallback: 'looma', because: 'tie' })
  t.match(ask(undefined, ['looma', 'zervigo'], { pin: 'looma' }), { cluster: 'looma', because: 'pinned' })
})

t.test('instances of a cluster that is not configured, or of none, can be called', async (t) => {
  t.match(ask(told([{}, {}]), ['']), { cluster: '', fallback: null })
  t.match(ask(told([{}, {}]), ['mars', 'zervigo']), { cluster: 'zervigo', fallback: 'mars' })
})

t.test('where nothing can be called nobody answers', async (t) => {
  t.match(ask(told([{}, {}]), []), { cluster: null, because: 'none_alive' })
})

t.test(
  'the decision is the same in client and plane, while the client can call what the plane holds alive',
  async (t) => {
    const cluster = fc.record({
      alive: fc.boolean(),
      health: fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10),
      ai_capacity: fc.integer({ min: 0, max: 300 }).map((hundredths) => hundredths / 100),
      load: fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000),
    })
    const name = fc.constantFrom('zervigo', 'looma', 'third')
    const scene = fc.record({
      clusters: fc.array(cluster, { minLength: 1, maxLength: 3 }),
      type: fc.constantFrom('user', 'ai', 'resume', 'jobs'),
      pin: fc.oneof(fc.constant('auto'), name),
      previous: fc.option(name, { nil: undefined }),
    })
    fc.assert(
      fc.property(scene, ({ clusters, type, pin, previous }) => {
        const rules = ['user-management', 'ai', 'resume', 'other']
        const answering = rules.map((rule) => ({ rule, cluster: previous ?? null, since }))
        const view = told(clusters, answering)
        const standings = view.clusters.map(({ name, alive, health, ai_capacity, load }) => ({
          name,
          alive,
          health,
          ai_capacity,
          load,
        }))
        const { rules: policyRules, margins } = view
        const inPlane = decideCluster({
          type,
          pin,
          previous,
          clusters: standings,
          policy: { rules: policyRules, margins },
        })
        const callable = standings.filter(({ alive }) => alive).map(({ name }) => name)
        t.strictSame(planCall({ type, pin, told: view }, new Set(callable)), inPlane)
      }),
      { numRuns: 300 },
    )
  },
)
