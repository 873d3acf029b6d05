import t from 'tap'
import { InstanceSpec } from '#shared/protocol/check.ts'
import { ServiceConfig } from './config.ts'
import { planOf, slowestTimeoutMs } from './plan.ts'

const node = { id: 'n-aaaaaaaaaaaa', address: '10.0.0.7', cluster: 'zervigo', mode: 'staging' }
const service = (more: object) => ServiceConfig.parse({ name: 'user-service', port: 8081, ...more })

t.test('a service becomes an instance with an http check on /health', async (t) => {
  const { spec, checks } = planOf(service({}), node)
  InstanceSpec.parse(spec)
  t.match(spec, { id: /^user-service-[0-9a-f]{8}$/, address: '10.0.0.7', port: 8081, cluster: 'zervigo' })
  t.strictSame(spec.metadata, { environment: 'staging' })
  const probe = {
    kind: 'http',
    address: '10.0.0.7',
    port: 8081,
    timeoutMs: 2000,
    path: '/health',
    service: 'user-service',
  }
  t.strictSame(checks, [{ probe, everyMs: 5000, recheckMs: 1000, rise: 2, fall: 2 }])
  t.strictSame(spec.checks, [probe])
})

t.test('everything that is said of a service is told', async (t) => {
  const said = {
    type: 'basic-server',
    instance: '副本一',
    address: '10.9.9.9',
    cluster: 'looma',
    version: '1.2',
    tags: ['go'],
    metadata: { environment: 'mine', build: 7, beta: true },
    weight: 50,
    aliases: ['user'],
    checks: [
      { kind: 'http', path: '/ready', host: 'x.y', tls: true, port: 9000, timeout: '1s' },
      { kind: 'tcp', timeout: '3s' },
    ],
  }
  const { spec } = planOf(service(said), node)
  InstanceSpec.parse(spec)
  t.match(spec, {
    type: 'basic-server',
    name: '副本一',
    address: '10.9.9.9',
    cluster: 'looma',
    version: '1.2',
    weight: 50,
  })
  t.strictSame(spec.metadata, { environment: 'mine', build: '7', beta: 'true' })
  t.match(spec.checks, [
    { kind: 'http', path: '/ready', host: 'x.y', tls: true, port: 9000, timeoutMs: 1000, aliases: ['user'] },
    { kind: 'tcp', address: '10.9.9.9', port: 8081, timeoutMs: 3000 },
  ])
  t.equal(slowestTimeoutMs([service(said), service({})]), 3_000)
  t.equal(slowestTimeoutMs([]), 0)
})

for (const address of ['0.0.0.0', 'localhost', '127.0.0.1', '::', '127.8.8.8']) {
  t.test(`${address} is replaced by the node's address`, async (t) => {
    t.equal(planOf(service({ address }), node).spec.address, '10.0.0.7')
  })
}

t.test('the name of a copy keeps its id when the port changes; without one the port is its name', async (t) => {
  const id = (more: object) => planOf(service(more), node).spec.id
  t.equal(id({ instance: 'a', port: 1 }), id({ instance: 'a', port: 2 }))
  t.not(id({ port: 1 }), id({ port: 2 }))
})
