import fc from 'fast-check'
import t from 'tap'
import { FleetBuilder, instanceRegistered, judged } from '#test/support/fleet-builder.ts'
import { CatalogueModel } from '#test/support/mirror/catalogue-model.ts'
import { batches } from './batches.ts'
import { Desired } from './desired.ts'
import { type Change, type DiffContext, diff, withoutHeld } from './diff.ts'
import { Endpoints } from './endpoints.ts'
import { operationOf } from './operations.ts'
import { selects } from './select.ts'

const owner = 'heddle'
const node = 'heddle-heddle-n-a'
const context: DiffContext = { owner, others: undefined, causeOf: () => 'deregistered', complete: true }

function desiredOf(builder: FleetBuilder) {
  const desired = new Desired(builder.fleet, { owner, warningAs: 'passing', selects: selects([{}]) })
  const { instances, nodes } = builder.fleet
  desired.refresh({ instances: new Set(instances.keys()), nodes: new Set(nodes.keys()) })
  return desired
}

/** A fleet of one instance, and a catalogue that shows it. */
function shown() {
  const builder = new FleetBuilder()
  builder.node('n-a')
  builder.instance('crm-1', 'n-a')
  const model = new CatalogueModel()
  bring(model, [...diff(desiredOf(builder).nodes, model.actual().nodes, context)])
  return { builder, model }
}

/** Applies changes in transactions. */
function bring(model: CatalogueModel, changes: readonly Change[]): void {
  const nodes = Map.groupBy(
    changes.filter((change) => change.kind === 'put' || change.kind === 'remove'),
    ({ unit }) => unit.node,
  )
  const all = [...nodes].map(([node, writes]) => ({ node, writes }))
  for (const { steps } of batches(all)) {
    const outcome = model.transact(steps.map(operationOf))
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
  }
}

function kinds(changes: Iterable<Change>) {
  return [...changes].map(({ kind, unit }) => `${kind} ${unit.instance ?? 'node'}`)
}

const foreignService = {
  node,
  id: 'theirs',
  service: 'crm',
  address: '10.0.0.9',
  port: 1,
  tags: [],
  meta: {},
  weight: 1,
}
const foreignCheck = {
  node,
  id: 'probe',
  name: 'probe',
  status: 'passing',
  notes: '',
  output: '',
  serviceId: '',
  serviceName: '',
  serviceTags: [],
}

for (const { name, prepare, expected } of [
  { name: 'that is as it should be', prepare: () => {}, expected: [] },
  {
    name: 'that became critical',
    prepare: ({ builder }) => builder.judge('crm-1', 'critical', 'refused'),
    expected: ['put crm-1'],
  },
  {
    name: 'whose only instance was deregistered',
    prepare: ({ builder }) => builder.deregister('crm-1'),
    expected: ['remove crm-1', 'remove node'],
  },
  {
    name: 'that holds a service of others, and nothing else any more',
    prepare: ({ builder, model }) => {
      builder.deregister('crm-1')
      model.putService(foreignService)
    },
    expected: ['remove crm-1', 'kept node'],
  },
  {
    name: 'that holds a check of others, and nothing else any more',
    prepare: ({ builder, model }) => {
      builder.deregister('crm-1')
      model.putCheck(foreignCheck)
    },
    expected: ['remove crm-1', 'kept node'],
  },
  {
    name: 'whose deregistered service has a check of others',
    prepare: ({ builder, model }) => {
      builder.deregister('crm-1')
      model.putCheck({ ...foreignCheck, serviceId: 'crm-1' })
    },
    expected: ['kept crm-1', 'kept node'],
  },
  {
    name: 'that others have taken',
    prepare: ({ model }) => model.putNode({ name: node, address: '10.9.9.9', meta: {} }),
    expected: ['contested node', 'contested crm-1'],
  },
  {
    name: "that another Heddle's owner has taken, and that we do not want any more",
    prepare: ({ builder, model }) => {
      builder.deregister('crm-1')
      model.putNode({ name: node, address: '10.9.9.9', meta: { 'heddle-owner': 'other' } })
    },
    expected: [],
  },
  {
    name: 'whose service others have taken',
    prepare: ({ model }) => model.putService({ ...foreignService, id: 'crm-1' }),
    expected: ['contested crm-1'],
  },
  {
    name: 'whose check others have taken',
    prepare: ({ model }) => model.putCheck({ ...foreignCheck, id: 'heddle:crm-1', serviceId: 'crm-1' }),
    expected: ['contested crm-1'],
  },
  {
    name: 'whose own check others have taken',
    prepare: ({ model }) => model.putCheck({ ...foreignCheck, id: 'heddle:node' }),
    expected: ['contested node'],
  },
  {
    name: 'with an instance that is not judged yet',
    prepare: ({ builder }) => builder.change(...instanceRegistered('crm-2', 'n-a')),
    expected: [],
  },
  {
    name: 'whose instance moved to another port, where it is not judged yet',
    prepare: ({ builder }) => builder.change(...instanceRegistered('crm-1', 'n-a', { port: 8081 })),
    expected: ['put crm-1'],
  },
] satisfies readonly {
  name: string
  prepare: (state: ReturnType<typeof shown>) => void
  expected: readonly string[]
}[]) {
  await t.test(`a node ${name}`, async (t) => {
    const state = shown()
    prepare(state)
    const changes = [...diff(desiredOf(state.builder).nodes, state.model.actual().nodes, context)]
    t.strictSame(kinds(changes), expected)
  })
}

await t.test('a member of the gossip on our name is said to be one', async (t) => {
  const { builder, model } = shown()
  model.putNode({ name: node, address: '10.9.9.9', meta: {} })
  model.putCheck({ ...foreignCheck, id: 'serfHealth' })
  const [change] = diff(desiredOf(builder).nodes, model.actual().nodes, context)
  t.match(change, { kind: 'contested', text: /gossip/ })
})

await t.test('an endpoint that others have registered is yielded, and ours taken away', async (t) => {
  const { builder, model } = shown()
  const others = new Endpoints()
  const theirs = {
    ...foreignService,
    node: 'web',
    address: '',
    port: 8080,
    nodeAddress: '10.0.0.1',
    nodeMeta: {},
    index: 1,
  }
  others.replace('crm', [theirs])
  const desired = desiredOf(builder).nodes
  t.strictSame(kinds(diff(desired, new Map(), { ...context, others })), ['put node', 'yielded crm-1'])
  t.strictSame(kinds(diff(desired, model.actual().nodes, { ...context, others })), ['yielded crm-1', 'remove crm-1'])
  t.strictSame(kinds(diff(desired, model.actual().nodes, context)), [], 'the policy is to add')
})

await t.test('nothing is concluded from what an incomplete fleet does not hold', async (t) => {
  const { model } = shown()
  const incomplete = { ...context, causeOf: () => undefined, complete: false }
  t.strictSame(kinds(diff(new Map(), model.actual().nodes, incomplete)), [])
  t.strictSame(kinds(diff(new Map(), model.actual().nodes, { ...incomplete, complete: true })), [
    'remove crm-1',
    'remove node',
  ])
})

await t.test('a node stays when one of its deletions is held back', async (t) => {
  const { builder, model } = shown()
  builder.instance('crm-2', 'n-a')
  bring(model, [...diff(desiredOf(builder).nodes, model.actual().nodes, context)])
  const changes = [...diff(new Map(), model.actual().nodes, context)]
  t.strictSame(kinds(changes), ['remove crm-1', 'remove crm-2', 'remove node'])
  const allowed = withoutHeld(changes, ({ unit }) => unit.instance === 'crm-2')
  t.strictSame(kinds(allowed), ['remove crm-1'])
  t.equal(
    withoutHeld(changes, () => false),
    changes,
  )
})

// What others may have written, on our names and beside them.
const theirNode = fc.record({
  name: fc.constantFrom(node, 'heddle-heddle-n-b', 'heddle-heddle-n-c', 'HEDDLE-heddle-n-d', 'web'),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  meta: fc.constantFrom<Record<string, string>[]>({}, { 'heddle-owner': 'heddle' }, { 'heddle-owner': 'zz' }),
})
const theirService = fc.record({
  node: fc.constantFrom(node, 'heddle-heddle-n-b', 'heddle-heddle-n-c', 'web'),
  id: fc.constantFrom('crm-1', 'CRM-2', 'x', 'y'),
  service: fc.constantFrom('crm', 'billing'),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  port: fc.constantFrom(80, 8080),
  tags: fc.constant([]),
  meta: fc.constantFrom<Record<string, string>[]>({}, { 'heddle-owner': 'heddle' }),
  weight: fc.constant(1),
})
const theirCheck = fc.record({
  node: fc.constantFrom(node, 'heddle-heddle-n-b', 'web'),
  id: fc.constantFrom('heddle:crm-1', 'heddle:node', 'probe', 'serfHealth'),
  name: fc.constant('c'),
  status: fc.constantFrom('passing', 'critical'),
  notes: fc.constantFrom('', 'heddle-owner=heddle'),
  output: fc.constant(''),
  serviceId: fc.constantFrom('', 'crm-1', 'x'),
  serviceName: fc.constant(''),
  serviceTags: fc.constant([]),
})
const wanted = fc.array(
  fc.record({
    id: fc.constantFrom('crm-1', 'crm-2', 'Crm-2', 'x', 'z:1@q'),
    node: fc.constantFrom('n-a', 'n-b', 'n-d', 'Alibaba Cloud'),
    service: fc.constantFrom('crm', 'billing', '简历'),
    port: fc.constantFrom(80, 8080),
    health: fc.constantFrom('passing', 'warning', 'critical', 'unknown'),
  }),
  { maxLength: 8 },
)

function fleetOf(instances: typeof wanted extends fc.Arbitrary<infer T> ? T : never): FleetBuilder {
  const builder = new FleetBuilder()
  builder.node('n-a')
  builder.node('n-b')
  for (const { id, node, service, port, health } of instances) {
    builder.change(...instanceRegistered(id, node, { service, port }), judged(id, health))
  }
  return builder
}

await t.test('once its changes are applied nothing is left to do, and nothing of others has changed', async (t) => {
  const scene = fc.record({
    instances: wanted,
    nodes: fc.array(theirNode, { maxLength: 4 }),
    services: fc.array(theirService, { maxLength: 4 }),
    checks: fc.array(theirCheck, { maxLength: 4 }),
  })
  fc.assert(
    fc.property(scene, ({ instances, nodes, services, checks }) => {
      const model = new CatalogueModel()
      for (const row of nodes) model.putNode(row)
      const known = new Set(nodes.map(({ name }) => name.toLowerCase()))
      for (const row of services) if (known.has(row.node)) model.putService(row)
      const there = new Set([...model.all().keys()])
      for (const row of checks) {
        const stands = row.serviceId === '' ? `node ${row.node}` : `service ${row.node}\n${row.serviceId}`
        if (there.has(stands)) model.putCheck(row)
      }
      const foreign = [...model.all()].filter(([, row]) => !isOurs(row, model))
      const desired = desiredOf(fleetOf(instances)).nodes
      bring(model, [...diff(desired, model.actual().nodes, context)])
      for (const [key, row] of foreign) if (model.all().get(key) !== row) throw new Error(`${key} was touched`)
      const left = [...diff(desired, model.actual().nodes, context)]
      return left.every(({ kind }) => kind !== 'put' && kind !== 'remove')
    }),
    { numRuns: 500 },
  )
  t.pass()
})

function isOurs(row: object, model: CatalogueModel): boolean {
  if ('notes' in row) return row.notes === 'heddle-owner=heddle'
  const meta = 'meta' in row ? (row.meta as Record<string, string>) : {}
  if (meta['heddle-owner'] !== owner) return false
  // A service that says it is ours on a node of others: it is not ours to touch either.
  const node = 'node' in row ? model.actual().nodes.get(String(row.node).toLowerCase())?.node : undefined
  return !('node' in row) || node?.record.meta['heddle-owner'] === owner
}
