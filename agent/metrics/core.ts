import type { Label, Sample } from './sample.ts'
import { measureOf } from './unit.ts'

/** What a family of a page tells of the service as a whole, and how good a source of it it is: 0 is the best. */
export type Role = {
  readonly what: 'requests' | 'errors' | 'latency' | 'p95'
  readonly rank: number
  /** To milliseconds, of latencies. */
  readonly factor: number
}

/** Counters of all requests, best first. */
const requests = [
  'http_requests_total',
  'http_server_requests_total',
  'http_request_duration_seconds_count',
  'http_server_request_duration_seconds_count',
  'http_server_requests_seconds_count',
  'http_request_duration_milliseconds_count',
  'http_request_duration_ms_count',
  'http_request_total',
  'http_requests_count',
  'envoy_http_downstream_rq_total',
  'gin_requests_total',
  'gin_request_total',
  'requests_total',
  'total_requests',
  'request_count',
]
const errors = [
  'http_request_errors_total',
  'http_requests_failed_total',
  'http_errors_total',
  'envoy_http_downstream_rq_xx',
  'request_errors_total',
  'errors_total',
  'total_errors',
  'error_count',
]
/** Histograms or summaries of how long requests take. */
const latencies = [
  'http_request_duration_seconds',
  'http_server_request_duration_seconds',
  'http_server_requests_seconds',
  'http_request_duration_milliseconds',
  'http_request_duration_ms',
  'http_response_time_seconds',
  'envoy_http_downstream_rq_time',
  'gin_request_duration_seconds',
  'request_duration_seconds',
]

/** What a sample tells of the service as a whole; undefined if nothing. Names may have a prefix, as in `shop_http_requests_total`. */
export function roleOf({ name, family, type, labels }: Sample): Role | undefined {
  const isQuantile = type === 'summary' && labels.some(([label]) => label === 'quantile')
  const isBucket = type === 'histogram' && name.endsWith('_bucket')
  if (isQuantile || isBucket) {
    const rank = rankIn(latencies, plain(family))
    return rank < 0 ? undefined : { what: isBucket ? 'latency' : 'p95', rank, factor: millisecondsOf(family) }
  }
  const whole = plain(name)
  if (/(latency|duration|response_time).*p_?95|p_?95.*(latency|duration|response_time)/.test(whole)) {
    return { what: 'p95', rank: latencies.length, factor: millisecondsOf(name) }
  }
  for (const [what, names] of [
    ['requests', requests],
    ['errors', errors],
  ] as const) {
    const rank = rankIn(names, whole)
    if (rank >= 0) return { what, rank, factor: 1 }
  }
  return undefined
}

/** Of a request's labels: whether it failed in the service; undefined where no status is told. */
export function isFailure(labels: readonly Label[]): boolean | undefined {
  const status = labels.find(([name]) => /^(.*_)?(code|status|status_code|code_class)$/i.test(name))
  return status && /^5(\d\d|xx)?$/i.test(status[1])
}

function rankIn(names: readonly string[], name: string): number {
  return names.findIndex((known) => known === name || (known.includes('http') && name.endsWith(`_${known}`)))
}

function millisecondsOf(family: string): number {
  const { unit, factor } = measureOf(family)
  return unit === 'ms' ? factor : 1
}

function plain(name: string): string {
  return name
    .slice(0, 300)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
}
