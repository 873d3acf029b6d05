import t from 'tap'
import { EnvoyCounters } from './counters.ts'

t.test("an Envoy's counters are read by route, cluster and listener, each request once", async (t) => {
  const counters = new EnvoyCounters()
  for (const line of [
    'cluster.heddle-xds.internal.upstream_rq_completed: 1',
    'cluster.heddle-xds.upstream_rq_completed: 1',
    'cluster.web.one.external.upstream_rq_5xx: 1',
    'cluster.web.one.external.upstream_rq_completed: 12',
    'cluster.web.one.retry.upstream_rq_completed: 3',
    'cluster.web.one.upstream_rq_5xx: 1',
    'cluster.web.one.upstream_rq_completed: 12',
    'cluster.external.upstream_rq_completed: 4',
    'http.admin.downstream_rq_completed: 3',
    'http.port-80.downstream_rq_5xx: 1',
    'http.port-80.downstream_rq_completed: 14',
    'server.uptime: 75',
    'vhost.edge.route.we-b.x.upstream_rq_5xx: 1',
    'vhost.edge.route.we-b.x.upstream_rq_completed: 11',
    'vhost.edge/api.route.example.route.api.upstream_rq_completed: 1',
    'cluster.web.one.upstream_rq_time:',
    '  totals=1,0.1:1, 6,0.1:2, 18,1:3, 1.2e+03,100:1',
    '  intervals=1,0.1:1',
    '  summary=P0(1.05,1.05) P25(14.5,14.5)',
    'vhost.edge.route.we-b.x.upstream_rq_time: No recorded values',
    'something else',
    '',
  ]) {
    counters.add(line)
  }
  t.equal(counters.uptime, 75)
  t.strictSame(counters.of('routes'), [
    { name: 'edge.route.we-b.x', requests: 11, errors: 1, totalMs: 0, took: [] },
    { name: 'edge/api.route.example.route.api', requests: 1, errors: 0, totalMs: 0, took: [] },
  ])
  t.strictSame(counters.of('listeners'), [{ name: 'port-80', requests: 14, errors: 1, totalMs: 0, took: [] }])
  t.strictSame(
    counters.of('services').map(({ name, requests }) => [name, requests]),
    [
      ['heddle-xds', 1],
      ['web.one', 12],
      ['external', 4],
    ],
  )
  const [, web] = counters.of('services')
  t.strictSame(
    web?.took.map((count, slot) => [slot, count]).filter(([, count]) => count),
    [
      [1, 1],
      [4, 2],
      [7, 3],
      [18, 1],
    ],
  )
  t.equal(web?.totalMs, 1 + 12 + 54 + 1250)
})

t.test('what no Envoy counts is passed over: the plane would end the session that tells it', async (t) => {
  const counters = new EnvoyCounters()
  for (const line of [
    'cluster.crm.upstream_rq_completed: 12',
    'cluster.crm.upstream_rq_completed: -1',
    'cluster.crm.upstream_rq_5xx: 1e400',
    'cluster.crm.upstream_rq_5xx: NaN',
    `cluster.${'x'.repeat(3_000)}.upstream_rq_completed: 1`,
    'server.uptime: -5',
    'cluster.crm.upstream_rq_time:',
    '  totals=1,0.1:3, -1,0.1:3, e,0.1:1, 1e300,1e300:9, 1,0.1:99999999999999999999999',
  ]) {
    counters.add(line)
  }
  t.equal(counters.uptime, undefined)
  t.strictSame(counters.of('services'), [{ name: 'crm', requests: 12, errors: 0, totalMs: 3, took: [0, 3] }])
})
