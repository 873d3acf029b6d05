import t from 'tap'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { isVisible, ownerOf, tenantOfInstance, tenantOfNode } from './owner.ts'

const node = (tenant?: string, assigned?: string) => ({
  spec: {
    ...{ id: 'n', name: 'n', machine: 'm', incarnation: 1, address: '', site: '', cluster: '', version: '' },
    gateways: [],
    ...(tenant === undefined ? {} : { tenant }),
  },
  ...(assigned === undefined ? {} : { assigned }),
})

for (const { certified, assigned, is } of [
  { certified: undefined, assigned: undefined, is: undefined },
  { certified: undefined, assigned: 'acme', is: 'acme' },
  { certified: 'acme', assigned: undefined, is: 'acme' },
  { certified: 'acme', assigned: 'other', is: 'acme' },
]) {
  t.test(`a node certified for ${certified} and assigned to ${assigned} is of ${is}`, async (t) => {
    t.equal(tenantOfNode(node(certified, assigned)), is)
    const byAgent = { origin: 'agent', tenant: 'client' } as const
    t.equal(tenantOfInstance(byAgent, node(certified, assigned)), is, "an agent's instance is its node's")
    t.equal(tenantOfInstance({ origin: 'client' }, node(certified, assigned)), is)
    const byClient = { origin: 'client', tenant: 'client' } as const
    t.equal(tenantOfInstance(byClient, node(certified, assigned)), 'client', "a client's is its token's")
  })
}

for (const { caller, owner, sees } of [
  { caller: undefined, owner: undefined, sees: true },
  { caller: undefined, owner: 'acme', sees: true },
  { caller: 'acme', owner: 'acme', sees: true },
  { caller: 'acme', owner: 'other', sees: false },
  { caller: 'acme', owner: undefined, sees: false },
]) {
  t.test(`who is bound to ${caller} ${sees ? 'sees' : 'does not see'} what is of ${owner}`, async (t) => {
    t.equal(isVisible(caller, owner), sees)
  })
}

t.test('a change is of whom its subject is when it is taken', async (t) => {
  const builder = new FleetBuilder()
  builder.node('n-1')
  builder.change({ kind: 'node-assigned', node: 'n-1', tenant: 'acme', reason: '' })
  builder.instance('i-1', 'n-1')
  const { fleet } = builder
  const registered = (more: object) =>
    ownerOf(
      {
        kind: 'registered',
        instance: 'i-2',
        spec: { ...fleet.instances.get('i-1')?.spec } as never,
        node: 'n-1',
        origin: 'client',
        ...more,
      },
      fleet,
    )
  t.equal(registered({}), 'acme')
  t.equal(registered({ tenant: 'other' }), 'other')
  t.equal(registered({ node: 'n-9' }), undefined)
  t.equal(ownerOf({ kind: 'node-left', node: 'n-1' }, fleet), 'acme')
  t.equal(ownerOf({ kind: 'deregistered', instance: 'i-1', cause: 'operator' }, fleet), 'acme')
  t.equal(ownerOf({ kind: 'log-level-ordered', node: 'n-1', level: null, reason: '', expiresAt: null }, fleet), 'acme')
  t.equal(ownerOf({ kind: 'frozen', reason: '' }, fleet), undefined)
  t.equal(ownerOf({ kind: 'deregistered', instance: 'nobody', cause: 'operator' }, fleet), undefined)
})

t.test('what is registered again by a token of nobody stays whose it is', async (t) => {
  const builder = new FleetBuilder()
  const agentless = { ...node().spec, machine: '' }
  const register = { kind: 'registered', instance: 'i', node: 'n', origin: 'client' } as const
  const spec = { id: 'i', service: 'crm', address: '10.0.0.1', port: 1, tags: [], metadata: {}, checks: [] }
  builder.change(
    { kind: 'node-joined', node: { ...agentless, tenant: 'acme' } },
    { ...register, spec, tenant: 'acme' },
    { kind: 'node-joined', node: { ...agentless, name: 'renamed' } },
    { ...register, spec: { ...spec, port: 2 } },
  )
  const { nodes, instances } = builder.fleet
  t.match(nodes.get('n')?.spec, { name: 'renamed', tenant: 'acme' })
  t.match(instances.get('i'), { spec: { port: 2 }, tenant: 'acme' })
  builder.change({ kind: 'node-joined', node: { ...agentless, machine: 'm' } })
  t.equal(nodes.get('n')?.spec.tenant, undefined, 'an agent says it by its certificate alone')
})
