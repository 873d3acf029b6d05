import t from 'tap'
import * as z from 'zod/mini'
import { EventView, ExplainView, InstanceView, NodeView, ProblemView, ServiceView } from './api.ts'
import { AdmissionRequest, ApproveRequest, ChangeView, FreezeRequest, SweepRequest } from './change-api.ts'
import { SinkView, StatusView } from './status-api.ts'

const time = '2026-03-01T10:00:00.000Z'
const sink = {
  name: 'consul:zervigo-dc',
  kind: 'consul',
  mode: 'apply',
  state: 'following',
  proven: { revision: 812, at: time },
  remarks: ['web-1/crm is contested'],
  figures: { lag_ms: 3 },
}
const status = {
  owner: 'main',
  installation: 'i-1',
  version: '0.1.0',
  started_at: time,
  complete: true,
  revision: 812,
  frozen: { by: 'operator:安娜', reason: '', since: time },
  holds: [{ site: '上海', machines: ['m1'], since: time, until: time }],
  nodes: { total: 1, connected: 1, suspect: 0, lost: 0, none: 0 },
  instances: { total: 1, routable: 1, last: 0, not_routable: 0, passing: 1, warning: 0, critical: 0, unknown: 0 },
  sinks: [sink, { ...sink, proven: null }],
  problems: [],
}
const instance = {
  id: 'a@b',
  service: 'crm',
  name: '客户管理',
  node: 'n-aaaaaaaaaaaa',
  node_name: '北京一号',
  cluster: '',
  address: 'fd00::1',
  port: 8080,
  origin: 'client',
  contact: 'none',
  health: 'unknown',
  health_since: time,
  admission: { state: 'active', reason: '', by: '', since: time, expires_at: null },
  routable: 'no',
  reason: { code: 'no_verdict' },
  status: 'registered',
  revision: 1,
  registered_at: time,
}

for (const { name, schema, value } of [
  { name: 'status', schema: StatusView, value: status },
  { name: 'status of a fleet that is not frozen', schema: StatusView, value: { ...status, frozen: null, sinks: [] } },
  { name: 'sink', schema: SinkView, value: sink },
  {
    name: 'service',
    schema: ServiceView,
    value: { name: 'crm', clusters: [], instances: 0, routable: 0, passing: 0, warning: 0, critical: 0, unknown: 0 },
  },
  {
    name: 'node',
    schema: NodeView,
    value: {
      id: 'alibaba-cloud',
      name: '',
      site: '',
      cluster: '',
      address: '',
      version: '',
      contact: 'none',
      contact_since: time,
      dead: false,
      instances: [],
      gateways: [],
    },
  },
  { name: 'instance', schema: InstanceView, value: instance },
  {
    name: 'explanation',
    schema: ExplainView,
    value: {
      instance: 'x',
      known: false,
      routable: 'no',
      answer: 'x is not known.',
      stages: [{ stage: 'registered', state: 'no', text: 'x', since: time }],
    },
  },
  { name: 'change', schema: ChangeView, value: { changed: true, revision: 9, instances: ['a'] } },
  {
    name: 'event',
    schema: EventView,
    value: {
      revision: 1,
      at: time,
      by: 'plane:1',
      kind: 'thawed',
      subject: '',
      change: { kind: 'thawed', reason: '' },
    },
  },
  { name: 'problem', schema: ProblemView, value: { type: 'about:blank', title: 'x', status: 404, detail: 'x' } },
]) {
  t.test(`a ${name} crosses the API as it is, and more of it is passed over`, async (t) => {
    const wire: Record<string, unknown> = JSON.parse(JSON.stringify(value))
    t.strictSame(z.parse(schema, wire), wire)
    t.strictSame(z.parse(schema, { ...wire, added_later: 1 }), wire)
  })
}

t.test('times are ISO 8601 in UTC, nothing else', async (t) => {
  for (const started_at of ['2026-03-01T10:00:00Z', time])
    t.ok(z.safeParse(StatusView, { ...status, started_at }).success)
  for (const started_at of [0, '2026-03-01', '2026-03-01T10:00:00+08:00', '']) {
    t.notOk(z.safeParse(StatusView, { ...status, started_at }).success, String(started_at))
  }
})

const admission = { admission: 'draining', reason: '新版本', by: 'anna' }
const sweep = { owner: 'old', apply: false, by: 'anna' }

for (const { name, schema, value, taken } of [
  { name: 'a drain', schema: AdmissionRequest, value: admission, taken: true },
  {
    name: 'a drain for a second',
    schema: AdmissionRequest,
    value: { ...admission, expires_in_ms: 1_000 },
    taken: true,
  },
  { name: 'a drain without a reason', schema: AdmissionRequest, value: { ...admission, reason: '' }, taken: true },
  {
    name: 'a drain for less than a second',
    schema: AdmissionRequest,
    value: { ...admission, expires_in_ms: 999 },
    taken: false,
  },
  { name: 'a drain by nobody', schema: AdmissionRequest, value: { ...admission, by: '' }, taken: false },
  {
    name: 'a drain with a misspelt field',
    schema: AdmissionRequest,
    value: { ...admission, expires: 1 },
    taken: false,
  },
  {
    name: 'a drain with an endless reason',
    schema: AdmissionRequest,
    value: { ...admission, reason: 'x'.repeat(501) },
    taken: false,
  },
  {
    name: 'an admission nobody knows',
    schema: AdmissionRequest,
    value: { ...admission, admission: 'gone' },
    taken: false,
  },
  { name: 'a freeze', schema: FreezeRequest, value: { reason: '', by: 'anna' }, taken: true },
  { name: 'a freeze by nobody', schema: FreezeRequest, value: { reason: '' }, taken: false },
  { name: 'a sweep', schema: SweepRequest, value: sweep, taken: true },
  { name: 'a sweep of everybody', schema: SweepRequest, value: { ...sweep, owner: '' }, taken: false },
  {
    name: 'a sweep that does not say whether it is meant',
    schema: SweepRequest,
    value: { owner: 'a', by: 'b' },
    taken: false,
  },
  { name: 'an approval', schema: ApproveRequest, value: { by: 'anna' }, taken: true },
  { name: 'an approval by a very long name', schema: ApproveRequest, value: { by: 'x'.repeat(101) }, taken: false },
]) {
  t.test(`${name} is ${taken ? 'taken' : 'refused'}`, async (t) => {
    t.equal(z.safeParse(schema, value).success, taken)
  })
}
