import fc from 'fast-check'
import t from 'tap'
import { faultOf, measureOf } from './unit.ts'

for (const [name, unit, factor, told] of [
  ['cpu_usage', 'percent', 1, 'cpu_usage'],
  ['memory_usage_bytes', 'bytes', 1, 'memory_usage_bytes'],
  ['cpu_usage_seconds_total', 'ms', 1000, 'cpu_usage_total'],
  ['latency_ms', 'ms', 1, 'latency_ms'],
  ['latency_ns', 'ms', 1e-6, 'latency'],
  ['gc.pauseNs', 'ms', 1e-6, 'gc.pause'],
  ['pause_nanoseconds.p95', 'ms', 1e-6, 'pause.p95'],
  ['http_request_duration_seconds', 'ms', 1000, 'http_request_duration'],
  ['http_request_duration_seconds_sum', 'ms', 1000, 'http_request_duration_sum'],
  ['http_request_duration_seconds_count', 'count', 1, 'http_request_duration_seconds_count'],
  ['wait_us', 'ms', 1e-3, 'wait'],
  ['uptime_hours', 'ms', 3.6e6, 'uptime'],
  ['heapUsedMB', 'bytes', 1024 ** 2, 'heapUsed'],
  ['heap_kb', 'bytes', 1024, 'heap'],
  ['sent_bytes_total', 'bytes', 1, 'sent_bytes_total'],
  ['hit_ratio', 'percent', 100, 'hit'],
  ['disk_percent', 'percent', 1, 'disk_percent'],
  ['requests_per_sec', 'count', 1, 'requests_per_sec'],
  ['goroutines', 'count', 1, 'goroutines'],
  ['p95', 'count', 1, 'p95'],
  ['ns', 'ms', 1e-6, 'ns'],
  ['温度', 'count', 1, '温度'],
] as const) {
  t.test(`${name} is told in ${unit}`, async (t) => {
    t.strictSame(measureOf(name), { unit, factor, name: told })
  })
}

t.test('any name has a unit and stays a name', async (t) => {
  fc.assert(fc.property(fc.string({ minLength: 1 }), (name) => measureOf(name).name.length > 0))
  t.pass()
})

t.test('what cannot be is not told', async (t) => {
  t.equal(faultOf(Number.NaN, 'count'), 'not_finite')
  t.equal(faultOf(Number.NEGATIVE_INFINITY, 'count'), 'not_finite')
  t.equal(faultOf(-1, 'bytes'), 'out_of_bounds')
  t.equal(faultOf(-0.1, 'percent'), 'out_of_bounds')
  t.equal(faultOf(2 ** 63, 'count'), 'out_of_bounds')
  t.equal(faultOf(1_793_000_000_000, 'ms'), 'out_of_bounds', 'a time of day')
  t.equal(faultOf(-3, 'count'), undefined)
  t.equal(faultOf(350, 'percent'), undefined, 'several processors')
})
