import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { openStore } from '#control-plane/journal/open-store.ts'
import { openTables } from '#control-plane/journal/tables/open-tables.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { realRegistration, startClusterPlane } from '#test/support/cluster-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'

const id = realRegistration.instance_id
const minute = 60_000
const hour = 60 * minute
const path = `/cluster/metrics/${id}`

type Point = { timestamp: string; value: number; min: number; max: number; last: number; samples: number }
type Metric = { metric_name: string; metric_unit: string; points: Point[] }

/** A plane with one client, whose metrics go into tables on disk. */
async function startMeasuring(t: Test) {
  const folder = await temporaryFolder('metrics')
  const file = `${folder.path}/heddle.db`
  const store = await openStore({ path: file })
  const fleet = new Fleet()
  const config = { tables_within: 24 * hour, metrics: { retention: 24 * hour, most_rows: 100_000 } }
  const tables = await openTables({ store, fleet, config, log: quiet, signal: new AbortController().signal })
  const plane = await startClusterPlane({
    fleet,
    kept: {
      readMetrics: (query) => tables.readMetrics(query),
      hooks: {
        onHeartbeat() {},
        onNodeHeartbeat() {},
        onMetrics: (samples) => tables.saveMetrics(samples),
      },
    },
  })
  const reader = new DatabaseSync(file, { readOnly: true })
  t.teardown(async () => {
    reader.close()
    await plane[Symbol.asyncDispose]()
    await tables[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  await plane.call('POST', '/cluster/register', realRegistration)
  const read = async (query: Readonly<Record<string, string | number>>) => {
    const search = new URLSearchParams(
      Object.entries(query).map(([key, value]): [string, string] => [key, String(value)]),
    )
    const { status, body } = await plane.call('GET', `${path}?${search}`)
    t.equal(status, 200)
    return body as { metrics: Metric[]; step_ms: number; left_out: string[] }
  }
  return {
    plane,
    tables,
    read,
    query: (text: string) =>
      reader
        .prepare(text)
        .all()
        .map((row) => ({ ...row })),
  }
}

/** The start of a minute that has been over for some time. */
function someMinuteAgo(minutes: number): number {
  return Math.floor(Date.now() / minute) * minute - minutes * minute
}

for (const { name, body, expected } of [
  {
    name: 'values by their names, the unit by the name',
    body: { cpu_usage: 12.5, requests: 7 },
    expected: [
      { name: 'cpu_usage', value: 12.5, unit: 'percent' },
      { name: 'requests', value: 7, unit: 'count' },
    ],
  },
  {
    name: 'values under metrics',
    body: { metrics: { memory_usage: '40.5' } },
    expected: [{ name: 'memory_usage', value: 40.5, unit: 'percent' }],
  },
  {
    name: 'rows',
    body: [
      { metric_name: 'latency', metric_value: 3, metric_unit: 'ms', tags: { route: '/a' } },
      { metric_name: 'heap', metric_value: 1e9, metric_unit: 'bytes' },
    ],
    expected: [
      { name: 'latency', value: 3, unit: 'ms', tags: '{"route":"/a"}' },
      { name: 'heap', value: 1e9, unit: 'bytes' },
    ],
  },
  {
    name: 'one row',
    body: { metric_name: 'disk_usage', metric_value: 3 },
    expected: [{ name: 'disk_usage', value: 3, unit: 'percent' }],
  },
  {
    name: 'rows under metrics',
    body: { metrics: [{ name: 'x', value: 1, unit: 'count' }] },
    expected: [{ name: 'x', value: 1 }],
  },
]) {
  t.test(`${name} are taken`, async (t) => {
    await using plane = await startClusterPlane()
    await plane.call('POST', '/cluster/register', realRegistration)
    t.match(await plane.call('POST', path, body), { status: 200, body: { success: true, accepted: expected.length } })
    t.match(
      plane.metrics,
      expected.map((each) => ({ instance: id, node: 'alibaba-cloud', ...each })),
    )
    t.equal(plane.metrics.length, expected.length)
  })
}

for (const { name, body, field } of [
  { name: 'a value that is no number', body: { cpu_usage: 'high' }, field: 'cpu_usage' },
  {
    name: 'a unit that does not exist',
    body: { metric_name: 'a', metric_value: 1, metric_unit: 'miles' },
    field: 'metric_unit',
  },
  { name: 'a row without a name', body: [{ metric_value: 1 }], field: '[0].metric_name' },
  { name: 'a time in the future', body: { a: 1, timestamp: Date.now() + hour }, field: 'timestamp' },
  { name: 'a time long ago', body: { a: 1, timestamp: '2001-01-01T00:00:00Z' }, field: 'timestamp' },
  { name: 'nothing', body: {}, field: '(body)' },
  {
    name: 'too many',
    body: Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`m${index}`, 1])),
    field: 'metrics',
  },
  { name: 'a row that is none', body: [[]], field: '[0]' },
]) {
  t.test(`${name}: 400 that names ${field}`, async (t) => {
    await using plane = await startClusterPlane()
    await plane.call('POST', '/cluster/register', realRegistration)
    t.match(await plane.call('POST', path, body), { status: 400, body: { field } })
    t.strictSame(plane.metrics, [])
    t.match(await plane.call('POST', '/cluster/metrics/nobody', { a: 1 }), { status: 404, body: { field: 'id' } })
  })
}

t.test('metrics are answered by minutes and longer steps, in memory or written, and a gap stays a gap', async (t) => {
  const { plane, tables, read, query } = await startMeasuring(t)
  const start = someMinuteAgo(30)
  const put = (at: number, value: number) =>
    plane.call('POST', path, [{ metric_name: 'cpu_usage', metric_value: value, timestamp: at }])
  for (const [minutes, value] of [
    [0, 10],
    [0, 20],
    [1, 40],
    [5, 70],
  ] as const)
    t.equal((await put(start + minutes * minute + 1_000, value)).status, 200)
  const asked = { from: start / 1000, to: new Date(start + 10 * minute).toISOString() }
  const expected = [
    { timestamp: new Date(start).toISOString(), value: 15, min: 10, max: 20, last: 20, samples: 2 },
    { timestamp: new Date(start + minute).toISOString(), value: 40, samples: 1 },
    { timestamp: new Date(start + 5 * minute).toISOString(), value: 70, samples: 1 },
  ]
  const before = await read({ ...asked, step: '60s' })
  t.match(before.metrics, [{ metric_name: 'cpu_usage', metric_unit: 'percent', points: expected }])
  t.equal(before.metrics[0]?.points.length, 3)
  await tables.write()
  t.equal(query('select * from service_metrics').length, 3)
  t.match(
    query(
      'select service_id, metric_name, metric_value, metric_unit, node_id from service_metrics order by timestamp limit 1',
    ),
    [{ service_id: id, metric_name: 'cpu_usage', metric_value: 15, metric_unit: 'percent', node_id: 'alibaba-cloud' }],
  )
  t.strictSame((await read({ ...asked, step: '60s' })).metrics, before.metrics, 'written or not')
  // A later piece of a minute that is written already.
  await put(start + 5 * minute + 2_000, 90)
  await tables.write()
  const { metrics, step_ms } = await read({ ...asked, step: 301 })
  t.equal(step_ms, 6 * minute)
  t.equal(
    metrics[0]?.points.reduce((sum, { samples }) => sum + samples, 0),
    5,
  )
  t.match(await read({ ...asked, name: 'other' }), { metrics: [] })
  t.equal((await read({ ...asked, to: start / 1000 + 60 })).metrics[0]?.points.length, 1)
})

t.test('steps under a minute are answered by the values as they came', async (t) => {
  const { plane, tables, read } = await startMeasuring(t)
  const start = someMinuteAgo(3)
  const values = [0, 1, 12, 70].map((second) => ({
    metric_name: 'x',
    metric_value: second,
    timestamp: new Date(start + second * 1000).toISOString(),
  }))
  await plane.call('POST', path, values)
  await tables.write()
  const { metrics } = await read({ name: 'x', from: start, to: start + 2 * minute, step: '10s' })
  t.match(metrics[0]?.points, [
    { timestamp: new Date(start).toISOString(), value: 0.5, samples: 2 },
    { timestamp: new Date(start + 10_000).toISOString(), value: 12, samples: 1 },
    { timestamp: new Date(start + 70_000).toISOString(), value: 70, samples: 1 },
  ])
})

t.test('an answer is bounded: the step grows, and what finds no room is named', async (t) => {
  const { plane, tables, read } = await startMeasuring(t)
  const start = someMinuteAgo(1_200)
  for (let from = 0; from < 1_100; from += 500) {
    const rows = Array.from({ length: 500 }, (_, index) => ({
      metric_name: 'a',
      metric_value: 1,
      timestamp: start + (from + index) * minute,
    }))
    await plane.call(
      'POST',
      path,
      rows.filter(({ timestamp }) => timestamp < start + 1_100 * minute),
    )
  }
  await tables.write()
  const fine = await read({ from: start, to: start + 1_100 * minute, step: 60 })
  t.equal(fine.metrics[0]?.points.length, 1_100)
  const coarse = await read({ from: start - 24 * hour, to: start + 1_100 * minute, step: 1 })
  t.ok(coarse.step_ms >= minute)
  t.ok((coarse.metrics[0]?.points.length ?? 0) <= 1_500)
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`m${String(index).padStart(2, '0')}`, 1]))
  await plane.call('POST', path, many)
  const all = await read({})
  t.equal(all.metrics.length, 50)
  t.equal(all.left_out.length, 10)
})

for (const query of [
  'from=x',
  'step=0',
  'step=5',
  'from=10&to=5',
  'from=0&to=9999999999',
  'step=-1',
  `name=${'a,'.repeat(60)}b`,
]) {
  t.test(`?${query.slice(0, 30)} is ${query === 'step=5' ? 'fine' : 'a 400 that names the parameter'}`, async (t) => {
    await using plane = await startClusterPlane()
    await plane.call('POST', '/cluster/register', realRegistration)
    const { status, body } = await plane.call('GET', `${path}?${query}`)
    if (query === 'step=5') t.match({ status, body }, { status: 200, body: { step_ms: 5_000, metrics: [] } })
    else t.match({ status, body }, { status: 400, body: { field: query.split('=')[0] } })
  })
}

t.test('metrics of who is not known are 404', async (t) => {
  await using plane = await startClusterPlane()
  t.match(await plane.call('GET', '/cluster/metrics/nobody'), { status: 404, body: { field: 'id' } })
})
