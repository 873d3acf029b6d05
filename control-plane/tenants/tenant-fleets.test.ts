import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { Fleet, type FleetChange } from '../fleet/fleet.ts'
import { tenantOfInstance, tenantOfNode } from '../fleet/owner.ts'
import { ownState } from './own-state.ts'
import { ownEntry } from './own-words.ts'
import { TenantFleets } from './tenant-fleets.ts'

t.test('whatever happens, each tenant sees just what is its own, as a look at all of it says', async (t) => {
  fc.assert(
    fc.property(anyJournal(80), (entries) => {
      const fleet = new Fleet()
      using fleets = new TenantFleets(fleet)
      for (const entry of entries) fleet.apply([entry])
      using fresh = new TenantFleets(fleet)
      for (const tenant of ['acme', '客户', 'nobody']) {
        const nodes = [...fleet.nodes].filter(([, node]) => tenantOfNode(node) === tenant)
        const instances = [...fleet.instances].filter(
          ([, instance]) => tenantOfInstance(instance, fleet.nodes.get(instance.node)) === tenant,
        )
        const past = ownState(tenant, fleet.state())
        for (const own of [fleets.of(tenant), fresh.of(tenant)]) {
          if (!same(own.nodes, nodes) || !same(own.instances, instances)) return false
          if (past.nodes.length !== nodes.length || past.instances.length !== instances.length) return false
          if ([...own.orders.keys()].some((id) => !own.nodes.has(id))) return false
          const services = new Set(instances.map(([, { spec }]) => spec.service))
          if ([...own.services()].sort().join() !== [...services].sort().join()) return false
          for (const id of fleet.instances.keys()) {
            if ((own.standing(id) !== undefined) !== own.instances.has(id)) return false
          }
        }
      }
      return true
    }),
    { numRuns: 300 },
  )
  t.pass()
})

/** Who has seen a death is told without the names of others. */
function same(map: ReadonlyMap<string, object>, wanted: readonly (readonly [string, object])[]): boolean {
  const plain = (value: object | undefined) => ({ ...value, death: undefined })
  return (
    map.size === wanted.length && wanted.every(([id, value]) => isDeepStrictEqual(plain(map.get(id)), plain(value)))
  )
}

t.test('who saw one of its instances die is told without the names of nodes of others, in events too', async (t) => {
  const builder = new FleetBuilder()
  using fleets = new TenantFleets(builder.fleet)
  for (const id of ['n-1', 'n-2', 'n-3']) builder.node(id)
  for (const node of ['n-1', 'n-2']) builder.change({ kind: 'node-assigned', node, tenant: 'acme', reason: '' })
  builder.instance('i-1', 'n-1')
  const death = { how: 'refused', vantages: ['plane', 'n-2', 'n-3'] } as const
  const change = { kind: 'death-confirmed', instance: 'i-1', death } as const
  builder.change(change)
  const seen = ['plane', 'n-2', 'another node']
  t.strictSame(fleets.of('acme').instances.get('i-1')?.death?.vantages, seen)
  t.strictSame(ownState('acme', builder.fleet.state()).instances[0]?.death?.vantages, seen)
  t.strictSame(builder.fleet.instances.get('i-1')?.death?.vantages, death.vantages)
  const entry = { revision: 1, event: { version: 1, at: 0, by: '', change } } as const
  t.match(
    ownEntry(entry, (node) => node === 'n-2'),
    { event: { change: { death: { vantages: seen } } } },
  )
  t.equal(
    ownEntry(entry, () => true),
    entry,
  )
})

t.test('a tenant hears of what is its own, and of nothing else', async (t) => {
  const builder = new FleetBuilder()
  using fleets = new TenantFleets(builder.fleet)
  const heard: FleetChange[] = []
  fleets.of('acme').watch((change) => heard.push(change))
  const take = () => heard.splice(0).map(({ nodes, instances }) => [...nodes, ...instances])
  builder.node('n-1')
  builder.node('n-2')
  builder.instance('i-1', 'n-1')
  t.strictSame(take(), [])
  builder.change({ kind: 'node-assigned', node: 'n-1', tenant: 'acme', reason: '' })
  t.strictSame(take(), [['n-1', 'i-1']], 'what is on it comes with it')
  builder.instance('i-2', 'n-2')
  builder.judge('i-2', 'critical', 'refused')
  t.strictSame(take(), [])
  builder.judge('i-1', 'critical', 'refused')
  t.strictSame(take(), [['i-1']])
  builder.change({ kind: 'node-assigned', node: 'n-1', tenant: null, reason: '' })
  t.strictSame(take(), [['n-1', 'i-1']], 'and goes with it')
  t.strictSame([fleets.of('acme').nodes.size, fleets.of('acme').instances.size], [0, 0])
  builder.freeze()
  t.equal(heard[0]?.installation, true, 'that everything is frozen concerns all')
  t.match(fleets.of('acme').installation.frozen, { reason: 'test' })
})

t.test('what others are held for is not shown', async (t) => {
  const builder = new FleetBuilder()
  using fleets = new TenantFleets(builder.fleet)
  builder.change({ kind: 'hold-begun', site: 'tencent', machines: ['m-1'], until: 1 })
  t.equal(builder.fleet.installation.holds.size, 1)
  t.equal(fleets.of('acme').installation.holds.size, 0)
  t.strictSame([...fleets.of('acme').foreignOfService(), ...fleets.of('acme').foreignAt()], [])
  t.equal(fleets.of('acme').hasDeparted(), false)
  t.strictSame(fleets.names(), ['acme'])
})

t.test('removals that are ahead of the journal are published for what is its own only', async (t) => {
  const builder = new FleetBuilder()
  using fleets = new TenantFleets(builder.fleet)
  builder.node('n-1')
  builder.instance('i-1', 'n-1')
  const own = fleets.of('acme')
  own.publishRemoval('i-1', { code: 'refused' })
  t.equal(builder.fleet.standing('i-1')?.routable, 'yes')
  builder.change({ kind: 'node-assigned', node: 'n-1', tenant: 'acme', reason: '' })
  own.publishRemoval('i-1', { code: 'refused' })
  t.equal(own.standing('i-1')?.routable, 'no')
  own.lift('i-1')
  t.equal(own.standing('i-1')?.routable, 'yes')
  t.strictSame([...own.instancesOfNode('n-1'), ...own.instancesAt('10.0.0.1', 8080)].includes('i-1'), true)
})
