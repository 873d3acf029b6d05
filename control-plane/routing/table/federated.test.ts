import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Change } from '../../fleet/event.ts'
import { parseDeclaration } from '../declaration/parse.ts'
import { defaultPolicy } from '../declaration/to-service.ts'
import { explainRouting } from '../explain.ts'
import { Publisher } from '../publisher.ts'
import { type Federation, noFederation, partsOf } from './federated.ts'
import { ServiceIndex } from './service-index.ts'

const entries = new Map([
  ['zervigo', 'api-gateway'],
  ['looma', 'looma-api-gateway'],
  ['third', 'api-gateway'],
])
const answers = (cluster: string | null, fallback: string | null): Federation => ({
  ...noFederation,
  entries,
  decide: () => ({ cluster, fallback }),
})
const order = (name: string, federation: Federation) =>
  partsOf(name, federation)?.map(({ cluster, standsIn }) => (standsIn ? `(${cluster})` : cluster))

for (const { name, federation, clusters } of [
  { name: 'zervigo-cluster', federation: answers('looma', null), clusters: ['zervigo'] },
  { name: 'mars-cluster', federation: answers('looma', null), clusters: undefined },
  { name: 'api-gateway', federation: answers('looma', null), clusters: undefined },
  { name: 'federated:resume', federation: answers('looma', 'zervigo'), clusters: ['looma', '(zervigo)'] },
  { name: 'federated:resume', federation: answers('zervigo', 'third'), clusters: ['zervigo', '(third)'] },
  { name: 'federated:resume', federation: answers('looma', null), clusters: ['looma', '(zervigo)'] },
  { name: 'federated:resume', federation: answers(null, null), clusters: ['zervigo', '(looma)'] },
  { name: 'federated:resume', federation: answers('mars', 'looma'), clusters: ['looma', '(zervigo)'] },
  { name: 'federated:resume', federation: noFederation, clusters: undefined },
  { name: 'zervigo-cluster', federation: noFederation, clusters: undefined },
]) {
  t.test(`${name} is ${clusters?.join(' ') ?? 'a service like any other'}`, async (t) => {
    t.strictSame(order(name, federation), clusters)
  })
}

t.test('the type of a request is what stands behind the colon', async (t) => {
  const asked: string[] = []
  partsOf('federated:ai:chat', {
    ...noFederation,
    entries,
    decide: (type) => {
      asked.push(type)
      return { cluster: null, fallback: null }
    },
  })
  t.strictSame(asked, ['ai:chat'])
})

/** Two clusters with an entry each, and one that shares the name of another's entry. */
function scene() {
  const builder = new FleetBuilder()
  for (const [index, [cluster, service]] of [...entries].entries()) {
    builder.node(`n-${cluster}`, { cluster })
    builder.instance(cluster, `n-${cluster}`, { service, address: '10.0.0.1', port: 8000 + index })
  }
  const index = new ServiceIndex(builder.fleet, answers('zervigo', 'looma'))
  const names = ['federated:resume', 'zervigo-cluster', 'api-gateway']
  index.want(new Map(names.map((name) => [name, { ...defaultPolicy, source: 'routes.yaml:1' }])))
  const endpoints = (name: string) =>
    index.service(name)?.endpoints.map(({ instance, priority }) => `${instance} ${priority}`)
  const change = (...changes: readonly Change[]) => {
    let changed: readonly string[] = []
    const stop = builder.fleet.watch((each) => {
      changed = [...index.update(each)].sort()
    })
    builder.change(...changes)
    stop()
    return changed
  }
  const judge = (instance: string, health: 'passing' | 'critical') =>
    change({ kind: 'judged', instance, health, reason: { code: 'ok' } })
  return { builder, index, endpoints, change, judge }
}

t.test('the cluster that answers is first, the other one stands in, and nobody else is there', async (t) => {
  const { endpoints } = scene()
  t.strictSame(endpoints('federated:resume'), ['zervigo 0', 'looma 1'])
  t.strictSame(endpoints('zervigo-cluster'), ['zervigo 0'])
  t.strictSame(endpoints('api-gateway'), ['zervigo 0', 'third 0'])
})

t.test('when the first one dies the other one takes its place at once, before anybody decides anew', async (t) => {
  const { endpoints, judge } = scene()
  t.strictSame(judge('zervigo', 'critical'), ['api-gateway', 'federated:resume', 'zervigo-cluster'])
  t.strictSame(endpoints('federated:resume'), ['looma 0'])
  t.strictSame(endpoints('zervigo-cluster'), [])
  judge('zervigo', 'passing')
  t.strictSame(endpoints('federated:resume'), ['zervigo 0', 'looma 1'])
})

t.test('a last resort of the first one comes after what stands in', async (t) => {
  const { builder, endpoints, change } = scene()
  const lost = { kind: 'contact-changed', node: 'n-zervigo', contact: 'lost', session: 'session-n-zervigo' } as const
  change(lost, { kind: 'node-demoted', node: 'n-zervigo' })
  t.equal(builder.fleet.standing('zervigo')?.routable, 'last')
  t.strictSame(endpoints('federated:resume'), ['zervigo 1', 'looma 0'])
})

t.test('another answer changes only what stands for it, and the same answer nothing', async (t) => {
  const { index, endpoints } = scene()
  const before = index.service('zervigo-cluster')
  t.strictSame([...index.federate(answers('zervigo', 'looma'), 0)], [])
  t.strictSame([...index.federate(answers('looma', 'zervigo'), 0)], ['federated:resume'])
  t.strictSame(endpoints('federated:resume'), ['zervigo 1', 'looma 0'])
  t.equal(index.service('zervigo-cluster'), before)
  t.notOk(index.compare('federated:resume'), 'made anew it is the same')
})

t.test('a gateway gets the other answer, and an instance is explained by every name that leads to it', async (t) => {
  const { builder } = scene()
  const log = createLogger({ name: 'test', level: 'silent' })
  using publisher = new Publisher({ fleet: builder.fleet, log, gatherMs: 0 })
  builder.fleet.watch((change) => publisher.follow(change))
  publisher.federate(answers('zervigo', 'looma'))
  const text = `
gateways: { edge: { proxy: envoy, listeners: [{ port: 8080 }] } }
routes:
  - { prefix: /resume, service: "federated:resume", path: keep }
  - { prefix: /zervigo, service: zervigo-cluster, path: keep }
  - { prefix: /gates, service: "api-*", path: keep }
`
  const { declaration } = parseDeclaration([{ file: 'routes.yaml', text }])
  if (!declaration) throw new Error('the declaration is no good')
  publisher.declare({ number: 1, declaration })
  const order = () =>
    publisher
      .published('edge')
      ?.table.services.find(({ name }) => name === 'federated:resume')
      ?.endpoints.map(({ instance, priority }) => `${instance} ${priority}`)
      .join()
  await waitFor(order, { what: 'a table', withinMs: 20_000, until: (seen) => seen === 'zervigo 0,looma 1' })
  publisher.federate(answers('looma', 'zervigo'))
  await waitFor(order, { what: 'the other answer', withinMs: 20_000, until: (seen) => seen === 'zervigo 1,looma 0' })
  t.strictSame(
    explainRouting('zervigo', builder.fleet, publisher).map(({ state, text }) => `${state} ${text}`),
    [
      'yes /gates (routes.yaml:6) leads to api-*, one of 2, at 10.0.0.1:8000 with weight 100',
      'note /resume (routes.yaml:4) leads to federated:resume, one of 2, at 10.0.0.1:8000 with weight 100, only when nothing better is left',
      'yes /zervigo (routes.yaml:5) leads to zervigo-cluster, one of 1, at 10.0.0.1:8000 with weight 100',
    ],
  )
  t.match(explainRouting('third', builder.fleet, publisher)[1], { state: 'no', text: /other_cluster cluster=third$/ })
})

t.test('where weights are to follow what is measured they do, and say why; elsewhere they stay', async (t) => {
  const { builder, index } = scene()
  const source = 'routes.yaml:1'
  const policy = { ...defaultPolicy, source }
  builder.instance('half', 'n-zervigo', { service: 'api-gateway', port: 9_000, weight: 50 })
  index.want(
    new Map([
      ['api-gateway', { ...policy, dynamicWeights: true as const }],
      ['api-*', policy],
    ]),
  )
  const weights = (name: string) =>
    index.service(name)?.endpoints.map(({ instance, weight }) => `${instance} ${weight}`)
  const busy = (instances: readonly string[]): Federation => ({
    ...noFederation,
    measured: (id) => ({ ...noFederation.measured(id), measuredLoad: instances.includes(id) ? 1 : 0.2 }),
  })
  t.strictSame([...index.federate(busy(['zervigo', 'half']), 0)], ['api-gateway'])
  t.strictSame(weights('api-gateway'), ['zervigo 10', 'third 100', 'half 5'])
  t.strictSame(weights('api-*'), ['zervigo 100', 'third 100', 'half 50'])
  t.match(index.weighed('zervigo', 'api-gateway'), { factor: 0.1, cause: 'load' })
  t.equal(index.weighed('zervigo', 'api-*'), undefined)
  t.notOk(index.compare('api-gateway'), 'made anew it is the same')
  t.strictSame([...index.federate(busy(['zervigo', 'half']), 5_000)], [], 'nothing is published that is the same')
  t.strictSame([...index.federate(busy([]), 600_000)], ['api-gateway'])
  t.strictSame(weights('api-gateway'), ['zervigo 100', 'third 100', 'half 50'])
})

t.test('all weights move together every 15 s, so that they cost few reloads, but for who is new', async (t) => {
  const { builder, index } = scene()
  const policy = { ...defaultPolicy, source: 'routes.yaml:1', dynamicWeights: true as const }
  index.want(new Map([['api-gateway', policy]]))
  const load = new Map([['zervigo', 0.2]])
  const federation: Federation = {
    ...noFederation,
    measured: (id) => ({ ...noFederation.measured(id), measuredLoad: load.get(id), latencyMs: 1 }),
  }
  const changes = (now: number) => [...index.federate(federation, now)]
  t.strictSame(changes(0), [])
  load.set('zervigo', 1)
  load.set('third', 0.2)
  t.strictSame(changes(5_000), [])
  t.strictSame(changes(14_999), [])
  t.strictSame(changes(15_000), ['api-gateway'])
  builder.instance('new', 'n-zervigo', { service: 'api-gateway', port: 9_001 })
  index.update({ instances: new Set(['new']) })
  load.set('new', 1)
  load.set('zervigo', 0)
  t.strictSame(changes(16_000), ['api-gateway'])
  t.match(index.weighed('new', 'api-gateway'), { factor: 0.1 })
  t.ok((index.weighed('zervigo', 'api-gateway')?.factor ?? 1) < 1, 'the others wait for their time')
})

for (const { name, service, problems } of [
  { name: 'is taken', service: '{ dynamic_weights: true }', problems: [] },
  {
    name: 'is refused where clients are to stay on their instances',
    service: '{ dynamic_weights: true, balance: ip_hash }',
    problems: [{ path: 'services.crm.dynamic_weights', message: /ip_hash/ }],
  },
  {
    name: 'is refused where weights do not count',
    service: '{ dynamic_weights: true, balance: random }',
    problems: [{ path: 'services.crm.dynamic_weights', message: /random/ }],
  },
]) {
  t.test(`a service whose weights follow what is measured ${name}`, async (t) => {
    const text = `gateways: { edge: { proxy: envoy, listeners: [{ port: 8080 }] } }\nservices: { crm: ${service} }\n`
    const parsed = parseDeclaration([{ file: 'routes.yaml', text }])
    t.match(parsed.problems, problems)
    t.equal(parsed.declaration?.services.get('crm')?.dynamicWeights, problems.length === 0 ? true : undefined)
  })
}
