import t from 'tap'
import * as z from 'zod/mini'
import { AgentMessage, beatEveryMs, Desired, gatherMs, Hello, PlaneMessage, pingEveryMs, Report } from './messages.ts'

const hello = {
  type: 'hello',
  node: 'n-aaaaaaaaaaaa',
  machine: 'a1b2',
  incarnation: 1,
  version: '0.1.0',
  name: '北京一号',
  site: '上海',
  address: '10.0.0.1',
} as const

const spec = {
  id: 'crm-00000001',
  service: 'crm',
  address: '10.0.0.1',
  port: 8080,
  tags: ['zervigo'],
  metadata: { 版本: '1.0' },
  checks: [{ kind: 'http', address: '10.0.0.1', port: 8080, timeoutMs: 2_000, path: '/health', service: 'crm' }],
} as const

const files = {
  proxy: 'nginx',
  version: 'abc',
  revision: 9,
  urgent: true,
  files: [{ path: 'heddle-edge-crm.conf', content: 'upstream crm {}\n', source: 'routes.yaml:12' }],
} as const

const report = {
  type: 'report',
  sequence: 7,
  whole: true,
  instances: [{ id: spec.id, spec, health: 'critical', reason: { code: 'refused' }, ageMs: 12.5 }],
  withdrawn: ['crm-00000002'],
  metrics: [{ instance: spec.id, name: 'cpu_usage', value: 12.5, unit: 'percent' }],
  lagMs: 0.4,
} as const

const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const accepts = (schema: z.core.$ZodType, value: unknown) => z.safeParse(schema, wire(value)).success

for (const message of [
  hello,
  { ...hello, cluster: 'zervigo', gateways: [{ gateway: 'edge', proxy: 'nginx' }], credential: 'x' },
  report,
  { type: 'report', sequence: 1 },
  { type: 'beat' },
  { type: 'beat', lagMs: 3 },
  { type: 'goodbye' },
  { type: 'probed', id: 'p1', health: 'passing', reason: { code: 'ok' }, tookMs: 1.5 },
  {
    type: 'applied',
    gateway: 'edge',
    outcome: { state: 'proven', version: 'a', revision: 9, quarantined: [], reloaded: true, tookMs: 80 },
  },
  { type: 'applied', gateway: 'edge', outcome: { state: 'rejected', version: 'a', error: 'x', path: 'p', line: 3 } },
  { type: 'applied', gateway: 'edge', outcome: { state: 'blocked', version: 'a', error: 'x' } },
  { type: 'applied', gateway: 'edge', outcome: { state: 'waiting', version: 'a', waitMs: 900 } },
] as const) {
  const what = 'outcome' in message ? `${message.type} ${message.outcome.state}` : message.type
  t.test(`a ${what} of an agent arrives as it was sent (${Object.keys(message).length} fields)`, async (t) => {
    t.strictSame(z.parse(AgentMessage, wire(message)), message)
  })
}

for (const message of [
  { type: 'welcome', session: 's1', plane: 'plane-1' },
  { type: 'refused', code: 'NODE_TAKEN', message: 'another machine has this node id', retry: false },
  { type: 'ack', sequence: 7 },
  { type: 'desired', whole: false, desired: { admissions: {} } },
  {
    type: 'desired',
    whole: true,
    desired: {
      admissions: { [spec.id]: { admission: 'draining', reason: '新版本', by: 'operator:anna' } },
      logging: { level: 'debug', by: 'operator:anna', reason: 'why', until: '2026-01-01T00:00:00.000Z', leftMs: 60000 },
      settings: { version: 'all@1', document: { logging: { level: 'warn' } } },
      restarts: { r1: { name: 'crm', by: 'operator:anna', reason: 'stuck', leftMs: 1000 } },
      gateways: { edge: files },
      probes: { p1: spec.checks[0], p2: { kind: 'tcp', address: '10.0.0.2', port: 5432, timeoutMs: 500 } },
    },
  },
] as const) {
  t.test(`a ${message.type} of the plane arrives as it was sent (${Object.keys(message).length} fields)`, async (t) => {
    t.strictSame(z.parse(PlaneMessage, wire(message)), message)
  })
}

t.test('fields that a later version adds are passed over', async (t) => {
  t.strictSame(z.parse(AgentMessage, { ...hello, mood: 'good' }), hello)
  const inner = { ...report, instances: [{ ...report.instances[0], mood: 'good' }] }
  t.strictSame(z.parse(AgentMessage, wire(inner)), report)
  t.strictSame(z.parse(PlaneMessage, { type: 'ack', sequence: 1, of: 2 }), { type: 'ack', sequence: 1 })
})

for (const { name, schema, value } of [
  { name: 'a hello with a node id of another form', schema: Hello, value: { ...hello, node: 'web-1' } },
  { name: 'a hello before the first start', schema: Hello, value: { ...hello, incarnation: 0 } },
  { name: 'a hello without a machine', schema: Hello, value: { ...hello, machine: '' } },
  { name: 'a hello with a huge name', schema: Hello, value: { ...hello, name: 'x'.repeat(201) } },
  { name: 'a report without a number', schema: Report, value: { type: 'report' } },
  { name: 'a report that starts at nought', schema: Report, value: { ...report, sequence: 0 } },
  {
    name: 'a verdict of the future',
    schema: Report,
    value: { ...report, instances: [{ ...report.instances[0], ageMs: -1 }] },
  },
  {
    name: 'a health nobody knows',
    schema: Report,
    value: { ...report, instances: [{ ...report.instances[0], health: 'ok' }] },
  },
  { name: 'a report of too many', schema: Report, value: { ...report, withdrawn: Array(1_001).fill('a') } },
  {
    name: 'a metric that is no number',
    schema: Report,
    value: { ...report, metrics: [{ ...report.metrics[0], value: Number.NaN }] },
  },
  {
    name: 'an instance on port 0',
    schema: Report,
    value: { ...report, instances: [{ ...report.instances[0], spec: { ...spec, port: 0 } }] },
  },
  {
    name: 'a check without a path',
    schema: Report,
    value: {
      ...report,
      instances: [{ ...report.instances[0], spec: { ...spec, checks: [{ ...spec.checks[0], path: 'health' }] } }],
    },
  },
  {
    name: 'a file outside of the folder',
    schema: Desired,
    value: {
      admissions: {},
      probes: {},
      gateways: { edge: { ...files, files: [{ path: '../nginx.conf', content: '' }] } },
    },
  },
  {
    name: "a file that would be someone else's",
    schema: Desired,
    value: {
      admissions: {},
      probes: {},
      gateways: { edge: { ...files, files: [{ path: 'default.conf', content: '' }] } },
    },
  },
  { name: 'a message of no kind', schema: AgentMessage, value: { type: 'hullo' } },
  { name: 'no message', schema: AgentMessage, value: null },
]) {
  t.test(`${name} is not taken`, async (t) => {
    t.equal(accepts(schema, value), false)
  })
}

t.test('a silent agent is noticed before its proxy forgets the connection', async (t) => {
  // Proxies drop connections that are quiet for a minute; two missed beats make a node suspect.
  t.ok(beatEveryMs < 60_000 && pingEveryMs < 60_000)
  t.ok(gatherMs < beatEveryMs)
})
