import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { FleetBuilder, instanceRegistered, judged, nodeJoined } from '#test/support/fleet-builder.ts'
import type { Change } from '../fleet/event.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { Desired } from './desired.ts'
import { selects } from './select.ts'

const options = {
  owner: 'heddle',
  warningAs: 'passing',
  selects: selects([{ service: 'crm' }, { cluster: 'looma' }]),
} as const

function afresh(fleet: FleetView): Desired {
  const desired = new Desired(fleet, options)
  desired.refresh({ instances: new Set(fleet.instances.keys()), nodes: new Set(fleet.nodes.keys()) })
  return desired
}

const node = fc.constantFrom('n-a', 'n-b', 'Cloud 一')
const id = fc.constantFrom('crm-1', 'CRM-1', 'crm-2', 'node', 'billing-1')
const steps: readonly fc.Arbitrary<readonly Change[]>[] = [
  fc
    .record({
      id,
      node,
      service: fc.constantFrom('crm', 'billing'),
      port: fc.constantFrom(80, 81),
      origin: fc.constantFrom('agent', 'client', 'kubernetes'),
    })
    .map(({ id, node, service, port, origin }) => instanceRegistered(id, node, { service, port }, origin)),
  fc
    .record({ id, health: fc.constantFrom('passing', 'warning', 'critical') })
    .map(({ id, health }) => [judged(id, health)]),
  fc
    .record({ node, cluster: fc.constantFrom('looma', 'zervigo') })
    .map(({ node, cluster }) => nodeJoined(node, { cluster })),
  node.map((each) => [{ kind: 'contact-changed', node: each, contact: 'lost', session: `session-${each}` }]),
  id.map((instance) => [{ kind: 'deregistered', instance, cause: 'operator' }]),
  id.map((instance) => [
    { kind: 'death-confirmed', instance, death: { how: 'refused', vantages: ['plane', 'other'] } },
  ]),
  id.map((instance) => [{ kind: 'admitted', instance, admission: 'draining', reason: '', expiresAt: undefined }]),
]
const step = fc.oneof(...steps)

await t.test(
  'what follows changes one by one equals what is computed from the whole, and says all that changed',
  async (t) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const builder = new FleetBuilder()
        const following = new Desired(builder.fleet, options)
        let missed = 0
        builder.fleet.watch((change) => {
          const before = copy(following)
          const { instances, nodes } = following.refresh(change)
          const after = copy(following)
          for (const key of new Set([...before.keys(), ...after.keys()])) {
            const [old, now] = [before.get(key), after.get(key)]
            const same = isDeepStrictEqual(old?.records, now?.records)
            if (!same && !nodes.has(key)) missed += 1
            for (const each of new Set([...(old?.instances.keys() ?? []), ...(now?.instances.keys() ?? [])])) {
              const unchanged = isDeepStrictEqual(old?.instances.get(each), now?.instances.get(each))
              if (!unchanged && !instances.get(key)?.has(each)) missed += 1
            }
          }
        })
        for (const changes of steps) builder.change(...changes)
        return missed === 0 && sameNodes(following, afresh(builder.fleet))
      }),
      { numRuns: 300 },
    )
    t.pass()
  },
)

function copy(desired: Desired) {
  return new Map(
    [...desired.nodes].map(([key, { node, check, instances }]) => [
      key,
      { records: { node, check }, instances: new Map(instances) },
    ]),
  )
}

/** Which of two ids that collide came first is history, so only their number is compared. */
function sameNodes(a: Desired, b: Desired): boolean {
  const plain = (desired: Desired) =>
    [...desired.nodes].map(([key, { node, check, instances }]) => ({
      key,
      node,
      check,
      instances: [...instances.keys()].sort(),
    }))
  const sorted = (desired: Desired) => plain(desired).sort((x, y) => (x.key < y.key ? -1 : 1))
  return isDeepStrictEqual(sorted(a), sorted(b))
}

await t.test('a change that changes nothing here touches nothing', async (t) => {
  const builder = new FleetBuilder()
  builder.node('n-a')
  builder.instance('crm-1', 'n-a')
  const desired = afresh(builder.fleet)
  builder.change({ kind: 'contact-changed', node: 'n-a', contact: 'suspect', session: 'session-n-a' })
  const { instances, nodes } = desired.refresh({ instances: new Set(['crm-1']), nodes: new Set(['n-a']) })
  t.equal(instances.size + nodes.size, 0)
})

for (const { name, change, cause } of [
  {
    name: 'was deregistered',
    change: { kind: 'deregistered', instance: 'crm-1', cause: 'client' },
    cause: 'deregistered',
  },
  { name: 'registered on another node', change: instanceRegistered('crm-1', 'n-b')[0], cause: 'moved' },
  {
    name: 'is not selected any more',
    change: instanceRegistered('crm-1', 'n-a', { service: 'billing', cluster: 'zervigo' })[0],
    cause: 'policy',
  },
] satisfies readonly { name: string; change: Change | undefined; cause: string }[]) {
  await t.test(`an instance that ${name} goes with that cause`, async (t) => {
    const builder = new FleetBuilder()
    builder.node('n-a')
    builder.node('n-b')
    builder.instance('crm-1', 'n-a')
    const desired = afresh(builder.fleet)
    if (change) builder.change(change)
    const { instances } = desired.refresh({ instances: new Set(['crm-1']), nodes: new Set() })
    t.equal(instances.get('heddle-heddle-n-a')?.get('crm-1'), cause)
  })
}

await t.test("what a client registered beside its agent is shown once, as the agent's", async (t) => {
  const builder = new FleetBuilder()
  const desired = new Desired(builder.fleet, options)
  builder.fleet.watch((change) => void desired.refresh(change))
  const shown = () => [...desired.nodes.values()].flatMap(({ instances }) => [...instances.keys()])
  builder.node('n-a')
  builder.change(...instanceRegistered('crm-client', 'cloud', { port: 80 }, 'client'), judged('crm-client', 'passing'))
  t.strictSame(shown(), ['crm-client'])
  builder.change(...instanceRegistered('crm-agent', 'n-a', { port: 80 }))
  t.strictSame(shown().sort(), ['crm-agent', 'crm-client'], 'not before the agent has a verdict')
  builder.judge('crm-agent', 'critical', 'refused')
  t.strictSame(shown(), ['crm-agent'])
  t.equal(desired.mergedInto('crm-client'), 'crm-agent')
  builder.change(...instanceRegistered('crm-agent', 'n-a', { port: 81 }), judged('crm-agent', 'passing'))
  t.strictSame(shown().sort(), ['crm-agent', 'crm-client'])
})

await t.test('filling takes its time and misses nothing that changes meanwhile', async (t) => {
  const builder = new FleetBuilder()
  for (let i = 0; i < 500; i += 1) {
    builder.node(`n-${i}`)
    builder.instance(`crm-${i}`, `n-${i}`)
  }
  const desired = new Desired(builder.fleet, options)
  builder.fleet.watch((change) => void desired.refresh(change))
  const filled = desired.fill()
  builder.deregister('crm-499')
  builder.judge('crm-0', 'critical', 'refused')
  await filled
  t.ok(sameNodes(desired, afresh(builder.fleet)))
  t.equal(desired.nodes.size, 499)
})
