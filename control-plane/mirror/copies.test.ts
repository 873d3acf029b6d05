import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { FleetBuilder, instanceRegistered, judged } from '#test/support/fleet-builder.ts'
import { type AgentInstance, type CopyRule, ModelHeddle, rowsOf } from '#test/support/foreign/world.ts'
import { CatalogueModel } from '#test/support/mirror/catalogue-model.ts'
import { selectsForeign } from '../consul/foreign-policy.ts'
import { type ForeignSpec, foreignId } from '../fleet/belief.ts'
import type { Change } from '../fleet/event.ts'
import { Desired } from './desired.ts'
import { selects } from './select.ts'

const datacenters = ['a-dc', 'b-dc', 'c-dc'] as const
const endpoint = { address: fc.constantFrom('10.9.0.1', '10.9.0.2'), port: fc.constantFrom(80, 81) }
const service = fc.constantFrom('crm', 'CRM', 'billing')

const theirs = fc.record({
  datacenter: fc.constantFrom(...datacenters),
  node: fc.constantFrom('legacy', 'other', 'heddle-ours-foreign-x'),
  id: fc.constantFrom('crm-1', 'node', 'heddle:node', 'b/1'),
  service,
  ...endpoint,
  status: fc.constantFrom('passing', 'warning', 'critical'),
  meta: fc.constantFrom<Record<string, string>[]>({}, { version: '1', 'heddle-x': 'y' }),
})
const rule: fc.Arbitrary<CopyRule> = fc.record({
  from: fc.constantFrom(...datacenters),
  to: fc.constantFrom(...datacenters),
  select: fc.constantFrom([{}], [{ service: 'crm' }], [{ service: 'b*' }]),
})
const rules = fc.array(rule, { maxLength: 6 })
const instance: fc.Arbitrary<AgentInstance> = fc.record({
  id: fc.constantFrom('i-1', 'i-2'),
  service,
  ...endpoint,
  health: fc.constantFrom('passing', 'critical', 'unknown'),
})

type Theirs = typeof theirs extends fc.Arbitrary<infer T> ? T : never

function catalogues(count: number, records: readonly Theirs[]): Map<string, CatalogueModel> {
  const models = new Map<string, CatalogueModel>(
    datacenters.slice(0, count).map((name) => [name, new CatalogueModel()]),
  )
  for (const { datacenter, node, id, service: name, address, port, status, meta } of records) {
    const model = models.get(datacenter)
    if (!model) continue
    model.putNode({ name: node, address, meta: {} })
    model.putService({ node, id, service: name, address, port, tags: [], meta, weight: 1 })
    const check = { node, id: `service:${id}`, name: '', status, notes: '', output: '' }
    model.putCheck({ ...check, serviceId: id, serviceName: name, serviceTags: [] })
  }
  return models
}

/** Every record that no Heddle has written, with its index. */
function foreignRecords(models: ReadonlyMap<string, CatalogueModel>): readonly string[] {
  return [...models].flatMap(([name, model]) =>
    [...model.all()]
      .filter(([, row]) => !JSON.stringify(row).includes('heddle-owner'))
      .map(([key, row]) => `${name} ${key} ${JSON.stringify(row)}`),
  )
}

await t.test(
  'copying comes to rest whatever the policies are: never back, nothing twice, nothing of others touched',
  async (t) => {
    const scene = fc.record({
      count: fc.constantFrom(2, 3),
      records: fc.array(theirs, { maxLength: 8 }),
      rules,
      instances: fc.uniqueArray(instance, { maxLength: 2, selector: ({ id }) => id }),
      /** A second installation over the same catalogues. */
      second: fc.option(rules, { nil: undefined }),
    })
    fc.assert(
      fc.property(scene, ({ count, records, rules, instances, second }) => {
        const models = catalogues(count, records)
        const before = foreignRecords(models)
        const heddles = [new ModelHeddle('ours', models, rules, instances)]
        if (second) heddles.push(new ModelHeddle('theirs', models, second))
        let rounds = 0
        while (heddles.reduce((sum, heddle) => sum + heddle.step(), 0) > 0) {
          rounds += 1
          if (rounds > 4) throw new Error('it does not come to rest')
        }
        if (!isDeepStrictEqual(foreignRecords(models), before)) throw new Error('something of others was touched')
        for (const [name, model] of models) {
          const rows = rowsOf(model)
          const copies = rows.filter(({ meta }) => meta['heddle-origin'] === 'foreign')
          for (const { meta, service, address, port, id } of copies) {
            if (meta['heddle-datacenter'] === name) throw new Error('copied to where it came from')
            const there = rows.filter((row) => {
              return row.service.toLowerCase() === service.toLowerCase() && row.address === address && row.port === port
            })
            if (there.length > 1) throw new Error(`${service} at ${address}:${port} is there twice, ${id}`)
          }
        }
        return true
      }),
      { numRuns: 400 },
    )
    t.pass()
  },
)

const options = {
  owner: 'heddle',
  warningAs: 'passing',
  selects: selects([{ service: 'crm' }]),
  copies: {
    datacenter: 'b-dc',
    sources: new Map([
      ['a-dc', selectsForeign([{}])],
      ['c-dc', selectsForeign([{ service: 'crm' }, { tag: 'copy' }])],
    ]),
  },
} as const

const spec: fc.Arbitrary<ForeignSpec> = fc.record({
  datacenter: fc.constantFrom(...datacenters),
  node: fc.constantFrom('legacy', 'other'),
  id: fc.constantFrom('crm-1', 'node', 'x'),
  service: fc.constantFrom('crm', 'billing'),
  ...endpoint,
  nodeAddress: fc.constantFrom('10.9.0.1', '10.9.0.2'),
  tags: fc.constantFrom([], ['copy']),
  metadata: fc.constant({}),
  weight: fc.constant(1),
})
const verdict = { health: fc.constantFrom('passing', 'warning', 'critical'), check: fc.constantFrom('', 'c') }
const steps: readonly fc.Arbitrary<readonly Change[]>[] = [
  fc.record({ spec, ...verdict }).map((each) => [{ kind: 'foreign-found', foreign: foreignId(each.spec), ...each }]),
  fc.record({ spec, ...verdict }).map((each) => [{ kind: 'foreign-found', foreign: foreignId(each.spec), ...each }]),
  fc
    .record({ spec, ...verdict })
    .map(({ spec, ...each }) => [{ kind: 'foreign-judged', foreign: foreignId(spec), ...each }]),
  spec.map((each) => [{ kind: 'foreign-gone', foreign: foreignId(each) }]),
  instance.map(({ id, health, ...each }) => [...instanceRegistered(id, `n-${id}`, each), judged(id, health)]),
  fc.constantFrom('i-1', 'i-2').map((id) => [{ kind: 'deregistered', instance: id, cause: 'operator' }]),
  fc
    .constantFrom('i-1', 'i-2')
    .map((id) => [{ kind: 'admitted', instance: id, admission: 'draining', reason: '', expiresAt: undefined }]),
]
const step = fc.oneof(...steps)

await t.test('copies that follow changes one by one equal what is computed from the whole', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25, size: 'max' }), (steps) => {
      const builder = new FleetBuilder()
      const following = new Desired(builder.fleet, options)
      builder.fleet.watch((change) => void following.refresh(change))
      for (const changes of steps) builder.change(...changes)
      const { fleet } = builder
      const afresh = new Desired(fleet, options)
      const [instances, nodes, foreign] = [fleet.instances, fleet.nodes, fleet.foreign].map(
        (map) => new Set(map.keys()),
      )
      afresh.refresh({ instances: instances ?? new Set(), nodes: nodes ?? new Set(), foreign: foreign ?? new Set() })
      const plain = ({ nodes }: Desired) =>
        [...nodes].map(([key, { node, instances }]) => [key, node, new Map(instances)])
      const sorted = (desired: Desired) => plain(desired).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
      return isDeepStrictEqual(sorted(following), sorted(afresh))
    }),
    { numRuns: 500 },
  )
  t.pass()
})

function found(
  over: Partial<ForeignSpec> = {},
  health: 'passing' | 'warning' | 'critical' = 'passing',
  check = '',
): Change {
  const spec = {
    datacenter: 'a-dc',
    node: 'legacy',
    id: 'crm-1',
    service: 'crm',
    address: '10.9.0.1',
    nodeAddress: '10.9.0.1',
    port: 80,
    tags: [],
    metadata: {},
    weight: 1,
    ...over,
  }
  return { kind: 'foreign-found', foreign: foreignId(spec), spec, health, check }
}

function scene() {
  const builder = new FleetBuilder()
  const desired = new Desired(builder.fleet, options)
  let last: ReturnType<Desired['refresh']> | undefined
  builder.fleet.watch((change) => {
    last = desired.refresh(change)
  })
  const shown = () =>
    [...desired.nodes.values()].flatMap(({ instances }) =>
      [...instances.values()].map(({ service, check }) => `${service.id} ${check.status} ${check.output}`),
    )
  return { builder, desired, shown, touched: () => last }
}

await t.test('what went away is only inferred to have gone; what is not wanted any more has a cause', async (t) => {
  const { builder, shown, touched } = scene()
  builder.change(found())
  t.strictSame(shown(), ['crm-1 passing ok'])
  builder.change(...instanceRegistered('i-1', 'n-1', { address: '10.9.0.1', port: 80 }), judged('i-1', 'passing'))
  t.strictSame(shown(), ['i-1 passing ok'], 'the agent speaks for it')
  t.equal(touched()?.inferred, false)
  builder.deregister('i-1')
  t.strictSame(shown(), ['crm-1 passing ok'])
  builder.change({ kind: 'foreign-gone', foreign: 'a-dc/legacy/crm-1' })
  t.strictSame(shown(), [])
  t.equal(touched()?.inferred, true)
})

await t.test('what stands there already is not copied, and of two that could be one is', async (t) => {
  const { builder, desired, shown } = scene()
  builder.change(found({ datacenter: 'c-dc', id: 'second' }), found())
  t.strictSame(shown(), ['crm-1 passing ok'])
  t.equal(desired.mergedInto('c-dc/legacy/second'), 'a-dc/legacy/crm-1')
  builder.change(found({ datacenter: 'b-dc', id: 'local' }))
  t.strictSame(shown(), [])
  t.equal(desired.mergedInto('a-dc/legacy/crm-1'), 'b-dc/legacy/local')
  builder.change({ kind: 'foreign-gone', foreign: 'b-dc/legacy/local' })
  t.strictSame(shown(), ['crm-1 passing ok'])
})

await t.test("a copy under another name than the agent's has the agent's health", async (t) => {
  const { builder, shown } = scene()
  builder.change(found({ service: 'crm-alt' }, 'passing'))
  builder.change(...instanceRegistered('i-1', 'n-1', { address: '10.9.0.1', port: 80, service: 'crm' }))
  builder.change(judged('i-1', 'critical', 'refused'))
  t.strictSame(shown().sort(), ['crm-1 critical refused', 'i-1 critical refused'])
  builder.change(judged('i-1', 'passing'))
  t.strictSame(shown().sort(), ['crm-1 passing ok', 'i-1 passing ok'])
})

await t.test('a warning is shown as the datacenter wants it, with the check that gives it', async (t) => {
  const { builder, shown } = scene()
  builder.change(found({}, 'warning', 'service:crm-1'))
  t.strictSame(shown(), ['crm-1 passing foreign_check check=service:crm-1'])
})

await t.test('an id whose check would be that of the node is told apart', async (t) => {
  const { builder, desired } = scene()
  builder.change(found({ id: 'Node' }), found({ id: 'node-1', port: 81 }))
  const [node] = desired.nodes.values()
  t.match(
    [...(node?.instances.keys() ?? [])].sort(),
    ['node--', 'node-1'].map((begin) => new RegExp(`^${begin}`)),
  )
})
