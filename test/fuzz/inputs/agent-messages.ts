const spec = {
  service: 'basic-server',
  id: 'basic-server-0123abcd',
  name: 'basic-server',
  address: '10.0.0.1',
  port: 8080,
  tags: ['zervigo'],
  metadata: { environment: 'staging' },
  weight: 50,
  version: '1.0',
  checks: [{ kind: 'tcp', address: '10.0.0.1', port: 8080, timeoutMs: 2_000 }],
}
const ok = { code: 'ok', params: {} }
const counts = { requests: 3, errors: 1, totalMs: 12.5, took: [1, 2] }

export const hello = {
  type: 'hello',
  node: 'n-abcdefghijkl',
  machine: 'machine-1',
  incarnation: 1,
  version: '0.1.0',
  name: '节点一',
  site: '腾讯',
  cluster: 'zervigo',
  address: '127.0.0.1',
  gateways: [{ gateway: 'edge', proxy: 'nginx' }],
  envoys: ['edge-2'],
  authorizers: ['edge'],
  probes: ['http', 'tcp'],
  takes: ['admissions', 'gateways', 'probes'],
  moves: { choice: 0, of: 2 },
  credential: 'secret',
}

/** What agents say, one of each kind. */
export const agentMessages: readonly object[] = [
  hello,
  {
    type: 'report',
    sequence: 1,
    whole: true,
    instances: [{ id: 'basic-server-0123abcd', spec, health: 'passing', reason: ok, ageMs: 5 }],
    withdrawn: ['crm-1'],
    metrics: [
      { instance: 'basic-server-0123abcd', name: 'cpu', value: 1.5, unit: 'percent' },
      { name: 'memory', value: 5, unit: 'bytes' },
    ],
    lagMs: 1.5,
  },
  { type: 'report', sequence: 2, instances: [{ id: 'crm-1', health: 'critical', reason: ok, ageMs: 0 }] },
  { type: 'beat', lagMs: 2 },
  {
    ...{ type: 'applied', gateway: 'edge' },
    outcome: { state: 'proven', version: 'v1', revision: 3, quarantined: [], reloaded: true, tookMs: 5 },
  },
  { type: 'applied', gateway: 'edge', outcome: { state: 'rejected', version: 'v2', error: 'no', path: 'a', line: 3 } },
  { type: 'probed', id: 'p1', health: 'critical', reason: { code: 'refused', params: {} }, tookMs: 3, refused: 'busy' },
  {
    type: 'history',
    batch: 1,
    log: 'log-1',
    edges: [
      {
        n: 1,
        id: 'crm-1',
        health: 'critical',
        reason: ok,
        ageMs: 10_000,
        folded: { count: 2, sinceMs: 20_000 },
        lost: 1,
      },
      { n: 2, id: 'crm-1', health: 'passing', reason: ok, ageMs: 5_000 },
    ],
    samples: [{ n: 1, ageMs: 100, metrics: [{ name: 'cpu', value: 1, unit: 'percent' }] }],
  },
  {
    type: 'counted',
    gateway: 'edge',
    routes: [{ route: 'crm', ...counts }],
    services: [{ service: 'crm', ...counts }],
  },
  {
    ...{ type: 'counters', gateway: 'edge', envoy: 'e1', life: 'l1', upMs: 1_000 },
    ...{ routes: [{ name: 'v.route.r', ...counts }], services: [{ name: 'crm', ...counts }], listeners: [] },
  },
  { type: 'restarted', id: 'r1', outcome: { state: 'done', code: 0 } },
  {
    type: 'doing',
    logging: { level: 'info', ordered: false },
    settings: { version: '' },
    restarts: {},
    admissions: {},
    probesRefused: 0,
  },
  { type: 'discovered', found: [], left: 0, conflicts: [] },
  {
    ...{ type: 'inspected', id: 'i1', gateway: 'edge', serves: true },
    differences: [{ kind: 'changed', path: 'heddle-edge.conf' }],
  },
  { type: 'renew', csr: '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n' },
  { type: 'trusts', authorities: ['abc'] },
  { type: 'stays' },
  { type: 'goodbye' },
]
