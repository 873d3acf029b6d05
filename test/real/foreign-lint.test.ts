import { createServer } from 'node:net'
import t from 'tap'
import * as z from 'zod/mini'
import { lintDatacenter } from '#control-plane/foreign/lint/lint-datacenter.ts'
import { MirrorConfig } from '#control-plane/mirror/config.ts'
import { startConsul } from '#test/support/consul.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { mirrorInto, proves, records, register } from '#test/support/mirror/scene.ts'
import { freePort } from '#test/support/ports.ts'

t.setTimeout(120_000)

await using consul = await startConsul({ datacenter: 'zervigo-dc' })
const { datacenters } = z.parse(MirrorConfig, { datacenters: [{ name: consul.datacenter, address: consul.url }] })

const server = createServer().listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
t.teardown(() => server.close())
const address = server.address()
const open = typeof address === 'object' && address !== null ? address.port : 0
const closed = await freePort()

function entry(id: string, over: object, check: object | null = {}, node: object = {}): object {
  return {
    Node: `node-of-${id}`,
    Address: '127.0.0.1',
    ...node,
    Service: { ID: id, Service: id, Address: '10.9.0.1', Port: open, ...over },
    ...(check ? { Check: { CheckID: `service:${id}`, Name: 'c', Status: 'passing', ServiceID: id, ...check } } : {}),
  }
}

await t.test('what is wrong in a real catalogue is found, what is right and what is ours is not', async (t) => {
  await register(consul, entry('fine', { Port: 0 }))
  await register(consul, entry('phantom', { Address: '127.0.0.1', Port: closed }, {}))
  await register(consul, entry('unchecked', { Port: 0 }, null))
  await register(consul, entry('joined', { Port: 0, Tags: ['a,b'] }))
  await register(consul, entry('mysql', { Port: 0 }, { Definition: { HTTP: 'http://127.0.0.2:3306/health' } }))
  await register(consul, entry('stale', { Port: 0, Meta: { port: '9' } }))
  await register(consul, entry('copy', { Port: 0 }, {}, { Node: 'first' }))
  await register(consul, entry('copy', { Port: 0 }, {}, { Node: 'second' }))
  // As an agent registers it, which is what most of a real catalogue looks like.
  await consul.request('PUT', '/v1/agent/service/register', {
    ID: 'by-agent',
    Name: 'redis',
    Port: open,
    Address: '127.0.0.1',
    Check: { HTTP: `http://127.0.0.1:${closed}/`, Interval: '10s', Timeout: '1s' },
  })
  const builder = new FleetBuilder()
  builder.node('n-a')
  builder.instance('ours', 'n-a', { address: '127.0.0.1', port: closed })
  await using mirror = await mirrorInto([consul], builder.fleet, { owner: 'heddle' })
  await proves(mirror.sinks, builder.fleet)
  const before = await records(consul, () => true)

  const parts = { fleet: builder.fleet, owner: 'heddle', now: Date.now }
  const view = await lintDatacenter(datacenters, 'zervigo-dc', { criticalForMs: 1000 }, parts)
  t.match(view, { datacenter: 'zervigo-dc', examined: 9, beyond: 0, not_probed: 0 })
  t.strictSame(
    (view?.findings ?? []).map(({ node, id, rule }) => `${node} ${id} ${rule}`),
    [
      'first copy shared-id',
      'node-of-joined joined comma-joined-tag',
      'node-of-mysql mysql http-check-on-database',
      'node-of-phantom phantom phantom',
      'node-of-phantom phantom loopback-address',
      'node-of-stale stale stale-port',
      'node-of-unchecked unchecked no-check',
      'second copy shared-id',
      'zervigo-dc-server by-agent http-check-on-database',
      'zervigo-dc-server by-agent loopback-address',
    ],
  )
  t.strictSame(await records(consul, () => true), before, 'nothing was changed')
})

await t.test('what has been critical for long is found by when it was first seen so', async (t) => {
  const builder = new FleetBuilder()
  const spec = {
    datacenter: 'zervigo-dc',
    node: 'node-of-fine',
    id: 'fine',
    service: 'fine',
    address: '127.0.0.1',
    nodeAddress: '127.0.0.1',
    port: 1,
    tags: [],
    metadata: {},
    weight: 1,
  }
  builder.change({
    kind: 'foreign-found',
    foreign: 'zervigo-dc/node-of-fine/fine',
    spec,
    health: 'critical',
    check: 'c',
  })
  const lint = async (criticalForMs: number) => {
    const parts = { fleet: builder.fleet, owner: 'heddle', now: () => 10_000 }
    const view = await lintDatacenter(datacenters, 'zervigo-dc', { criticalForMs }, parts)
    return (view?.findings ?? [])
      .filter(({ rule }) => rule === 'critical-for-long')
      .map(({ id, why }) => `${id}: ${why}`)
  }
  t.strictSame(await lint(1_000), ['fine: it has been critical for 9 seconds'])
  t.strictSame(await lint(20_000), [])
})

await t.test('a datacenter that is not configured is none', async (t) => {
  const parts = { fleet: new FleetBuilder().fleet, owner: 'heddle', now: Date.now }
  t.equal(await lintDatacenter(datacenters, 'nowhere', { criticalForMs: 1 }, parts), undefined)
})
