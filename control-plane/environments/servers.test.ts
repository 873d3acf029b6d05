import t from 'tap'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { capacityOf, serversFor } from './servers.ts'

const settings = { type: 'basic-server', capacity: 10 }

t.test('a tenant may have its own Basic Servers and those of nobody, as far as they are in service', async (t) => {
  const builder = new FleetBuilder()
  for (const id of ['n-1', 'n-2', 'n-3']) builder.node(id, { site: `site of ${id}` })
  builder.change(
    { kind: 'node-assigned', node: 'n-1', tenant: 'acme', reason: '' },
    { kind: 'node-assigned', node: 'n-2', tenant: 'other', reason: '' },
  )
  builder.instance('own', 'n-1', { service: 'basic-server' })
  builder.instance('others', 'n-2', { service: 'basic-server' })
  builder.instance('nobodys', 'n-3', { service: 'basic-server-7' })
  builder.instance('typed', 'n-3', { service: 'monolith', type: 'basic-server' })
  builder.instance('another thing', 'n-3', { service: 'basic-server', type: 'ai-service' })
  builder.instance('sick', 'n-3', { service: 'basic-server' })
  builder.judge('sick', 'critical', 'refused')
  const names = (tenant: string | undefined) =>
    serversFor(tenant, builder.fleet, settings).map(({ instance }) => instance)
  t.strictSame(names('acme'), ['own', 'nobodys', 'typed'])
  t.strictSame(names(undefined), ['nobodys', 'typed'])
  t.match(serversFor('acme', builder.fleet, settings)[0], { site: 'site of n-1', machine: 'machine-n-1', capacity: 10 })
})

for (const { name, metadata = {}, capabilities, resources, is } of [
  { name: 'nowhere', is: undefined },
  {
    name: 'in the metadata, before all else',
    metadata: { environments: '3' },
    capabilities: { environments: 4 },
    is: 3,
  },
  { name: 'in the capabilities', capabilities: { environments: 4 }, resources: { environments: 5 }, is: 4 },
  { name: 'in the resources of the node', resources: { environments: 5 }, is: 5 },
  { name: 'as none', metadata: { environments: '0' }, is: 0 },
  {
    name: 'as a number that is none',
    metadata: { environments: 'many' },
    capabilities: { environments: -1 },
    is: undefined,
  },
  { name: 'in something that is no object', capabilities: ['environments'], resources: 'environments', is: undefined },
]) {
  t.test(`a capacity that is said ${name}`, async (t) => {
    const builder = new FleetBuilder()
    const registered = { type: 'worker', port: null, status: 'active', capabilities: null, resources } as const
    const node = { id: 'n', name: 'n', machine: '', incarnation: 0, address: '', site: '', cluster: '', version: '' }
    builder.change({ kind: 'node-joined', node: { ...node, gateways: [], registered } })
    builder.instance('i', 'n', { metadata, ...(capabilities === undefined ? {} : { registered: { capabilities } }) })
    const instance = builder.fleet.instances.get('i')
    t.equal(instance && capacityOf(instance, builder.fleet.nodes.get('n')), is)
  })
}
