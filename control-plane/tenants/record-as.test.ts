import t from 'tap'
import * as z from 'zod/mini'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import type { Change } from '../fleet/event.ts'
import type { RecordChange } from '../fleet/record.ts'
import { quotaOf, TenantsConfig } from './config.ts'
import { Quotas } from './quotas.ts'
import { recordAs } from './record-as.ts'
import { TenantFleets } from './tenant-fleets.ts'

const spec = (id: string): InstanceSpec => ({
  ...{ id, service: 'crm-of-acme', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [] },
})
const register = (id: string, node = 'n-new'): Change => ({
  ...{ kind: 'registered', instance: id, spec: spec(id), node, origin: 'client' },
})
const join = (id: string, more: object = {}): Change => ({
  kind: 'node-joined',
  node: {
    ...{ id, name: id, machine: '', incarnation: 0, address: '', site: '', cluster: '', version: '', gateways: [] },
    ...more,
  },
})
const asRegistered = {
  registered: { type: 'worker', port: null, status: 'active', capabilities: null, resources: null } as const,
}

/** A fleet in which `n-acme` and `i-acme` are of acme, `n-other` and `i-other` of other, `n-none` and `i-none` nobody's. */
function setup(quota: object = {}) {
  const builder = new FleetBuilder()
  for (const owner of ['acme', 'other', 'none']) {
    builder.node(`n-${owner}`)
    builder.instance(`i-${owner}`, `n-${owner}`)
    if (owner !== 'none') builder.change({ kind: 'node-assigned', node: `n-${owner}`, tenant: owner, reason: '' })
  }
  const fleets = new TenantFleets(builder.fleet)
  const quotas = new Quotas(z.parse(TenantsConfig, { of: { acme: quota } }), fleets)
  const recorded: Change[] = []
  const record: RecordChange = async (change) => {
    await undefined
    recorded.push(change)
    builder.change(change)
    return 'changed'
  }
  return { builder, quotas, recorded, record: recordAs('acme', builder.fleet, record, quotas) }
}

for (const { name, change, code, seen } of [
  { name: 'registers an instance on a node of its own', change: register('i-1', 'n-acme') },
  { name: 'registers one on a node that nobody knows', change: register('i-1') },
  { name: "registers one on nobody's node", change: register('i-1', 'n-none') },
  { name: "registers one on another tenant's node", change: register('i-1', 'n-other'), code: 'TENANT_FOREIGN' },
  { name: "takes another tenant's instance", change: register('i-other', 'n-acme'), code: 'TENANT_FOREIGN' },
  { name: "takes nobody's instance", change: register('i-none', 'n-acme'), code: 'TENANT_FOREIGN' },
  { name: 'registers its own again', change: register('i-acme', 'n-acme') },
  { name: 'registers a node', change: join('n-1', asRegistered), seen: 0 },
  { name: "takes nobody's node", change: join('n-none', asRegistered), code: 'TENANT_FOREIGN', seen: 0 },
  { name: "takes another tenant's node", change: join('n-other', asRegistered), code: 'TENANT_FOREIGN', seen: 0 },
  { name: 'deregisters its own', change: { kind: 'deregistered', instance: 'i-acme', cause: 'client' } as const },
  {
    name: "deregisters another tenant's",
    change: { kind: 'deregistered', instance: 'i-other', cause: 'client' } as const,
    code: 'TENANT_FOREIGN',
  },
  {
    name: 'removes a node of another tenant',
    change: { kind: 'node-left', node: 'n-other' } as const,
    code: 'TENANT_FOREIGN',
  },
  { name: 'freezes everything', change: { kind: 'frozen', reason: '' } as const, code: 'TENANT_FOREIGN' },
  {
    name: 'makes its node nobodys',
    change: { kind: 'node-assigned', node: 'n-none', tenant: 'acme', reason: '' } as const,
    code: 'TENANT_FOREIGN',
  },
]) {
  t.test(`who is bound to a tenant and ${name} ${code ? 'is refused' : 'does so in its name'}`, async (t) => {
    const { record, recorded } = setup()
    const done = record(change, { by: 'client:x', ...(seen === undefined ? {} : { seen }) })
    if (code !== undefined) {
      await t.rejects(done, { code })
      t.strictSame(recorded, [])
      return
    }
    t.equal(await done, 'changed')
    const [taken] = recorded
    if (taken?.kind === 'registered') t.equal(taken.tenant, 'acme')
    if (taken?.kind === 'node-joined') t.equal(taken.node.tenant, 'acme')
  })
}

t.test("a node that a client only names and that is nobody's is left as it is", async (t) => {
  const { record, recorded } = setup()
  t.equal(await record(join('n-none'), { by: 'client:x', seen: 0 }), 'overtaken')
  t.strictSame(recorded, [])
})

t.test('no more is taken than the quota, however many come at once; and what goes makes room', async (t) => {
  const { record, quotas, builder } = setup({ instances: 3, nodes: 2 })
  const all = await Promise.allSettled(
    ['a', 'b', 'c', 'd', 'e'].map((id) => record(register(id, 'n-acme'), { by: '' })),
  )
  t.equal(all.filter(({ status }) => status === 'fulfilled').length, 2, 'it had one already')
  for (const each of all) if (each.status === 'rejected') t.match(each.reason, { code: 'TENANT_QUOTA' })
  t.match(quotas.refused('acme'), { instances: 3 })
  t.match(quotas.counts(), { tenant_quota_instances: 3, tenant_quota_nodes: 0 })
  t.equal(await record(register('a', 'n-acme'), { by: '' }), 'changed', 'what is there already is no more')
  builder.deregister('a')
  t.equal(await record(register('f', 'n-acme'), { by: '' }), 'changed')
  t.equal(await record(join('n-1', asRegistered), { by: '', seen: 0 }), 'changed')
  await t.rejects(record(join('n-2', asRegistered), { by: '', seen: 0 }), { code: 'TENANT_QUOTA' })
  builder.deregister('f')
  await t.rejects(record(register('g', 'n-3'), { by: '' }), { code: 'TENANT_QUOTA' }, 'the node that it names counts')
  t.match(quotas.outside('acme', 'nodes', 1), { what: 'nodes', said: 3, may: 2 })
  t.equal(quotas.outside('acme', 'instances', 1), undefined)
})

t.test('so many names of metrics are taken, each as often as it comes', async (t) => {
  const { quotas } = setup({ metrics: 2 })
  t.strictSame(
    ['a', 'b', 'c', 'a', 'b', 'c'].map((name) => quotas.takesMetric('acme', name)),
    [true, true, false, true, true, false],
  )
  t.equal(quotas.takesMetric('other', 'c'), true)
  t.match(quotas.has('acme'), { metrics: 2 })
  t.match(quotas.refused('acme'), { metrics: 2 })
})

t.test('a tenant has the usual quota, but for what is said of it', async (t) => {
  const config = z.parse(TenantsConfig, { quota: { nodes: 5, instances: 4 }, of: { acme: { nodes: 7 } } })
  t.match(quotaOf('acme', config), { nodes: 7, instances: 4 })
  t.match(quotaOf('other', config), { nodes: 5 })
  t.match(quotaOf('__proto__', config), { nodes: 5 })
})

const serving = (id: string, service: string): Change => ({
  ...{ kind: 'registered', instance: id, spec: { ...spec(id), service }, node: 'n-acme', origin: 'client' },
})

t.test('a service that somebody else announces is announced by no other tenant, however it is written', async (t) => {
  const { record, builder, quotas } = setup()
  builder.instance('auth-1', 'n-none', { service: 'zervi-auth' })
  builder.instance('pay-1', 'n-other', { service: 'pay' })
  for (const service of ['zervi-auth', 'Zervi-Auth', 'pay']) {
    await t.rejects(record(serving('mine', service), { by: '' }), { code: 'TENANT_FOREIGN' }, service)
    t.match(quotas.serviceOutside('acme', 'mine', service), { what: 'service' })
  }
  t.equal(await record(serving('mine', 'shop'), { by: '' }), 'changed')
  t.equal(await record(serving('mine-too', 'shop'), { by: '' }), 'changed')
  await t.rejects(record(serving('mine', 'pay'), { by: '' }), { code: 'TENANT_FOREIGN' }, 'nor by changing one')
  builder.instance('shop-2', 'n-none', { service: 'shop' })
  t.equal(await record(serving('mine', 'shop'), { by: '' }), 'changed', 'whoever comes later takes nothing away')
  await t.rejects(record(serving('another', 'shop'), { by: '' }), { code: 'TENANT_FOREIGN' })
})

t.test('of two tenants that announce a service at once one does', async (t) => {
  const { record, quotas, builder } = setup()
  const theirs = recordAs('other', builder.fleet, async () => 'changed', quotas)
  const there = { ...serving('theirs', 'shop'), node: 'n-other' } as Change
  const [own, other] = await Promise.allSettled([
    record(serving('mine', 'shop'), { by: '' }),
    theirs(there, { by: '' }),
  ])
  t.strictSame([own?.status, other?.status], ['fulfilled', 'rejected'])
})

t.test('a tenant announces only the services that its settings name', async (t) => {
  const { record } = setup({ services: ['shop-*'] })
  t.equal(await record(serving('a', 'shop-1'), { by: '' }), 'changed')
  await t.rejects(record(serving('b', 'auth'), { by: '' }), { code: 'TENANT_FOREIGN' })
})
