import fc from 'fast-check'
import t from 'tap'
import { anyInstanceBelief, anyNodeBelief } from '#test/support/arbitraries/beliefs.ts'
import type { InstanceBelief, NodeBelief } from '../../fleet/belief.ts'
import { standing } from '../../fleet/routable.ts'
import { nodeRow, serviceRow } from './rows.ts'

const node: NodeBelief = {
  spec: {
    id: 'n-aaaaaaaaaaaa',
    name: '节点一',
    machine: 'm1',
    incarnation: 2,
    address: '10.0.0.1',
    site: 'tencent',
    cluster: 'looma',
    version: '0.1.0',
    gateways: [],
  },
  contact: 'connected',
  contactSince: 0,
  attachment: undefined,
  demoted: false,
  joinedAt: 0,
  revision: 2,
}

const instance: InstanceBelief = {
  spec: {
    id: 'zervi-backend-001',
    service: 'zervi-backend',
    type: 'auth-service',
    address: '10.0.0.2',
    port: 8080,
    tags: ['zervigo', 'go'],
    metadata: { environment: 'production' },
    checks: [],
  },
  node: node.spec.id,
  origin: 'client',
  registeredBy: 'client:zervi-backend-001',
  registeredAt: 1_000,
  health: 'passing',
  reason: { code: 'dependency', params: { word: 'DOWN', path: 'checks.redis' } },
  healthSince: 2_000,
  silent: false,
  death: undefined,
  admission: { state: 'active', reason: '', by: '', since: 0, expiresAt: undefined },
  revision: 3,
}

t.test('an instance is a row of the registry', async (t) => {
  t.strictSame(serviceRow(instance, node, 3_000), {
    service_id: 'zervi-backend-001',
    service_name: 'zervi-backend',
    service_type: 'auth-service',
    service_url: 'http://10.0.0.2:8080',
    node_id: 'n-aaaaaaaaaaaa',
    cluster_id: 'looma',
    capabilities: '["zervigo","go"]',
    config: '{"environment":"production"}',
    status: 'active',
    health_status: 'healthy',
    registered_at: '1970-01-01T00:00:01.000Z',
    updated_at: '1970-01-01T00:00:03.000Z',
    address: '10.0.0.2',
    port: 8080,
    admission: 'active',
    reason: 'dependency path=checks.redis word=DOWN',
    revision: 3,
  })
})

const check = { address: '10.0.0.2', port: 8080, timeoutMs: 2_000 }
for (const { what, spec, url } of [
  { what: 'a tcp check', spec: { checks: [{ kind: 'tcp', ...check }] }, url: 'tcp://10.0.0.2:8080' },
  {
    what: 'TLS',
    spec: { checks: [{ kind: 'http', ...check, path: '/', service: '', tls: true }] },
    url: 'https://10.0.0.2:8080',
  },
  {
    what: 'a check of a database',
    spec: { checks: [{ kind: 'redis', ...check, tls: true }] },
    url: 'redis://10.0.0.2:8080',
  },
  { what: 'an IPv6 address', spec: { address: 'fd00::7' }, url: 'http://[fd00::7]:8080' },
] as const) {
  t.test(`a service with ${what} has a fitting URL`, async (t) => {
    const row = serviceRow({ ...instance, spec: { ...instance.spec, ...spec } } as InstanceBelief, node, 0)
    t.equal(row.service_url, url)
  })
}

t.test('an instance of an unknown node has a row too', async (t) => {
  t.match(serviceRow(instance, undefined, 0), { node_id: node.spec.id, cluster_id: '' })
  const own = { ...instance, spec: { ...instance.spec, cluster: 'zervigo' } }
  t.equal(serviceRow(own, node, 0).cluster_id, 'zervigo')
})

t.test('a node is a row', async (t) => {
  t.strictSame(nodeRow(node, [instance], 3_000), {
    node_id: 'n-aaaaaaaaaaaa',
    node_name: '节点一',
    node_type: 'worker',
    host_address: '10.0.0.1',
    port: null,
    status: 'active',
    capabilities: '{"version":"0.1.0","gateways":[]}',
    resources: '{}',
    created_at: '1970-01-01T00:00:00.000Z',
    updated_at: '1970-01-01T00:00:03.000Z',
    site: 'tencent',
    cluster_id: 'looma',
    machine: 'm1',
    contact: 'connected',
    revision: 2,
  })
})

const resting: InstanceBelief = { ...instance, admission: { ...instance.admission, state: 'maintenance' } }
for (const { what, contact, instances, status } of [
  { what: 'in contact', contact: 'connected', instances: [], status: 'active' },
  { what: 'that is suspect', contact: 'suspect', instances: [instance], status: 'active' },
  { what: 'that is lost', contact: 'lost', instances: [resting], status: 'inactive' },
  { what: 'without an agent', contact: 'none', instances: [instance], status: 'active' },
  { what: 'all in maintenance', contact: 'connected', instances: [resting, resting], status: 'maintenance' },
  { what: 'partly in maintenance', contact: 'connected', instances: [resting, instance], status: 'active' },
] as const) {
  t.test(`a node ${what} is ${status}`, async (t) => {
    t.equal(nodeRow({ ...node, contact }, instances, 0).status, status)
  })
}

t.test('a node in maintenance is so itself, heard of or not, with what is on it', async (t) => {
  const admission = {
    state: 'maintenance',
    reason: 'disk',
    by: 'operator:anna',
    since: 1,
    expiresAt: undefined,
  } as const
  const ordered: NodeBelief = { ...node, admission }
  t.equal(nodeRow(ordered, [instance], 0).status, 'maintenance')
  t.equal(nodeRow({ ...ordered, contact: 'lost' }, [], 0).status, 'maintenance')
  const said = { admission: 'maintenance', status: 'inactive', reason: 'maintenance node=n-aaaaaaaaaaaa' }
  t.match(serviceRow(instance, ordered, 0), said)
  const draining = { ...ordered, admission: { ...admission, state: 'draining' } } as const
  t.equal(nodeRow(draining, [instance], 0).status, 'active')
})

t.test('a node that runs a gateway is one', async (t) => {
  const gateways = [{ gateway: 'edge', proxy: 'nginx' as const }]
  t.equal(nodeRow({ ...node, spec: { ...node.spec, gateways } }, [], 0).node_type, 'gateway')
})

t.test('the words of a row are those of the registry API', async (t) => {
  fc.assert(
    fc.property(anyInstanceBelief, anyNodeBelief, (instance, node) => {
      const { status, health_status } = serviceRow(instance, node, 0)
      const shown = standing(instance, node)
      return status === shown.status && health_status === shown.health
    }),
  )
  t.pass()
})
