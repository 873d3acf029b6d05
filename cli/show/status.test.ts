import t from 'tap'
import { sinkView, splitView, statusView, viewTime } from '#test/support/views.ts'
import { showStatus } from './status.ts'
import { plain } from './style.ts'

const now = Date.parse(viewTime) + 3 * 3_600_000
const style = { paint: plain, now }

t.test('a quiet fleet fits on a few lines', async (t) => {
  const status = statusView({
    nodes: { total: 3, connected: 3, suspect: 0, lost: 0, none: 0 },
    instances: { ...statusView().instances, total: 4, routable: 4, passing: 4 },
    sinks: [sinkView(), sinkView({ name: 'envoy:边缘', kind: 'envoy' })],
  })
  t.equal(
    showStatus(status, style),
    `Heddle i-1 (owner main, version 0.1.0): revision 812, up 3h

Nodes      3: 3 connected
Instances  4: 4 routable | 4 passing

SINK               MODE   STATE      PROVEN  MISSING  SINCE
consul:zervigo-dc  apply  following     812        0     3h
envoy:边缘         apply  following     812        0     3h`,
  )
})

t.test('what agents found and nobody declared is told as long as it waits', async (t) => {
  t.notMatch(showStatus(statusView(), style), /Found/)
  t.match(
    showStatus(statusView(), style, 3),
    '\nFound      3 that nobody declared wait for a decision: heddle discovered\n',
  )
})

t.test('how long each sink took is told where it was measured', async (t) => {
  t.notMatch(showStatus(statusView(), style), /Converged/)
  const hour = { changes: 12, p50_ms: 3.0714, p95_ms: 20, p99_ms: 1_234 }
  const known = { hour, since_start: hour, waiting: 0, forgotten: 0 }
  const sink = sinkView({ convergence: { fleet: known, declaration: { ...known, hour: null } } })
  t.match(
    showStatus(statusView({ sinks: [sink] }), style),
    '\nConverged within\n  consul:zervigo-dc: P50 3.1 ms, P95 20 ms, P99 1.2 s (12 changes of the fleet in the last hour)',
  )
})

t.test('what a sink has not proven yet is told beside how long it takes', async (t) => {
  const known = { hour: null, since_start: null, waiting: 2, forgotten: 0 }
  const sink = sinkView({ convergence: { fleet: known, declaration: null } })
  t.match(
    showStatus(statusView({ sinks: [sink] }), style),
    '\nConverged within\n  consul:zervigo-dc: 2 changes of the fleet not proven yet',
  )
})

t.test('a version that is on its way is told with its stage and what that waits for', async (t) => {
  const underway = {
    ...{ number: 7, author: 'anna', comment: 'reports get their own route', stage: 2, stages: 3, name: '50%' },
    ...{ reached: ['edge', 'side'], gateways: 4, since: viewTime, waiting_for: ['side has not proven it'] },
  }
  t.match(
    showStatus(statusView({ underway }), style),
    `
Version 7 of anna is on its way: stage 2 of 3 (50%) for 3h, at 2 of 4 gateways: reports get their own route
  waits: side has not proven it`,
  )
  t.notMatch(showStatus(statusView(), style), /on its way/)
})

t.test('splits are told with what decided and what they wait for', async (t) => {
  const last = { at: viewTime, by: 'gate', phase: 'aborted', step: '10%', measured: null } as const
  const splits = [
    { ...splitView({ waiting_for: ['12 of 100 requests of the canary seen'] }), last: null },
    {
      ...splitView({ service: 'erp', canary: 'erp-next', phase: 'aborted', users_percent: 0 }),
      last: { ...last, reason: 'too_many_errors', why: 'the canary failed 3 of 120 requests (2.5%)' },
    },
  ]
  t.match(
    showStatus(statusView({ splits }), style),
    `
Splits
  crm is running, step 10%, 10% of the users on crm-next, for 3h
    waits: 12 of 100 requests of the canary seen
  erp is aborted, step 10%, 0% of the users on erp-next, for 3h
    gate: too_many_errors: the canary failed 3 of 120 requests (2.5%)`,
  )
  t.notMatch(showStatus(statusView(), style), /Splits/)
})

t.test('what others have registered is told where there is any', async (t) => {
  const foreign = { datacenter: 'zervigo-dc', answered: true, error: null, instances: 0, beyond: 0, copied_to: [] }
  t.notMatch(showStatus(statusView({ foreign: [foreign] }), style), /Foreign/)
  const status = statusView({
    foreign: [
      { ...foreign, instances: 1, copied_to: ['looma-dc'] },
      { ...foreign, datacenter: 'looma-dc', answered: false, instances: 5000, beyond: 7 },
      { ...foreign, datacenter: '北京', error: 'no answer', answered: false },
    ],
  })
  t.match(
    showStatus(status, style),
    `Foreign
  zervigo-dc: 1 instance registered by others; copied to looma-dc where policy selects them
  looma-dc: 5000 instances registered by others; 7 more than are kept; as last known, not read yet
  北京: 0 instances registered by others; as last known: no answer`,
  )
})

t.test('a hold names what it keeps of which service; a large one only counts its machines', async (t) => {
  const hold = {
    site: '上海',
    machines: ['m1', 'm2'],
    lost: 2,
    since: viewTime,
    until: new Date(now + 480_000).toISOString(),
  }
  const services = [
    { service: 'crm', held: 2, of: 2 },
    { service: 'billing', held: 1, of: 9 },
  ]
  t.match(
    showStatus(statusView({ holds: [{ ...hold, services }] }), style),
    'Held: site 上海 lost m1 and m2, with 2 of 2 crm and 1 of 9 billing; ends in 8m',
  )
  t.match(
    showStatus(statusView({ holds: [{ ...hold, lost: 4_711 }] }), style),
    'Held: site 上海 lost 4711 machines; ends in 8m',
  )
})

t.test('what is wrong is told, each with its sink', async (t) => {
  const status = statusView({
    complete: false,
    frozen: { by: 'anna', reason: '网络维护', since: viewTime },
    holds: [{ site: '上海', machines: ['m1', 'm2'], since: viewTime, until: new Date(now + 480_000).toISOString() }],
    nodes: { total: 5, connected: 1, suspect: 1, lost: 2, none: 1 },
    instances: {
      total: 9,
      routable: 4,
      last: 2,
      not_routable: 3,
      passing: 5,
      warning: 1,
      critical: 2,
      unknown: 1,
    },
    sinks: [
      sinkView({ state: 'blocked', proven: { revision: 800, at: viewTime }, remarks: ['web-1/crm is contested'] }),
      sinkView({ name: 'envoy:edge', mode: 'observe', state: 'standby', proven: null }),
    ],
    problems: ['routes.yaml:12 routes[3].service: no such service'],
  })
  t.equal(
    showStatus(status, style),
    `Heddle i-1 (owner main, version 0.1.0): revision 812, up 3h
Not complete yet: the stored fleet is being loaded.
Frozen by anna for 3h: 网络维护
Held: site 上海 lost m1 and m2; ends in 8m

Nodes      5: 1 connected, 1 suspect, 2 lost, 1 without agent
Instances  9: 4 routable, 2 last resort, 3 not routable | 5 passing, 1 warning, 2 critical, 1 unknown

SINK               MODE     STATE     PROVEN  MISSING  SINCE
consul:zervigo-dc  apply    blocked      800       12     3h
envoy:edge         observe  standby  nothing        -      -

Remarks
  consul:zervigo-dc: web-1/crm is contested

Problems
  routes.yaml:12 routes[3].service: no such service`,
  )
})

t.test('an empty installation says that it is empty', async (t) => {
  t.match(showStatus(statusView(), style), /Nodes {6}0\nInstances {2}0\n\nNo sink follows the fleet\.$/)
})
