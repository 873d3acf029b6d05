import * as z from 'zod/mini'
import { durationMs } from '#shared/config/fields.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { MetricQuery, MetricSeries, MetricStep } from '../../fleet/metric-series.ts'
import { readBody } from './fields.ts'
import { timeOf } from './measurements.ts'
import { queryObject, queryText } from './paging.ts'
import { Refusal } from './refusal.ts'
import { isoTime } from './row.ts'

/** Where metrics are read; main hands it over. Rejects with STORE_UNAVAILABLE. */
export type ReadMetrics = (query: MetricQuery) => Promise<readonly MetricSeries[]>

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const longestMs = 31 * 24 * hourMs
/** Points of one metric, and of all of them in one answer. */
const mostPoints = 1_500
const mostPointsInAll = 10_000
const mostNames = 50

const time = () =>
  z.optional(
    z.pipe(
      z.string().check(
        z.refine((text) => timeOf(text) !== undefined, {
          error: 'expected a time such as "2026-03-01T10:00:00Z", or seconds since 1970',
        }),
      ),
      z.transform((text: string) => timeOf(text) ?? 0),
    ),
  )

const stepError = 'expected a duration such as "60s", or seconds, of at least 1s'
const Query = z.object({
  name: z.optional(z.union([z.string(), z.array(z.string())])),
  metric_name: z.optional(z.union([z.string(), z.array(z.string())])),
  from: time(),
  to: time(),
  step: z.optional(
    z.pipe(
      z.string().check(z.refine((text) => (stepMs(text) ?? 0) >= 1_000, { error: stepError })),
      z.transform((text: string) => stepMs(text) ?? minuteMs),
    ),
  ),
  service_id: queryText(),
})

function stepMs(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : durationMs(text)
}

/** What is asked for: the last hour by minutes, unless it says otherwise. Throws a 400 refusal. @param now epoch milliseconds */
export function readMetricQuery(service: string, query: URLSearchParams, now: number): MetricQuery {
  const asked = readBody(Query, queryObject(query))
  const names = [asked.name ?? asked.metric_name ?? []]
    .flat()
    .flatMap((name) => name.split(',').filter((each) => each !== ''))
  const to = asked.to ?? now + 1
  const from = asked.from ?? to - hourMs
  const problems = [
    ...(from >= to ? [{ field: 'from', message: 'expected a time before to' }] : []),
    ...(to - from > longestMs ? [{ field: 'from', message: 'expected at most 31 days before to' }] : []),
    ...(names.length > mostNames ? [{ field: 'name', message: `expected at most ${mostNames} names` }] : []),
  ]
  if (problems.length > 0) throw new Refusal(400, 'the request is not valid', problems)
  return {
    service,
    names: names.length === 0 ? undefined : names,
    from,
    to,
    stepMs: roundStep(asked.step ?? 0, to - from),
  }
}

/** A step that gives no more points than are answered; from a minute on, whole minutes. */
function roundStep(asked: number, spanMs: number): number {
  const least = Math.max(asked === 0 ? minuteMs : asked, Math.ceil(spanMs / mostPoints))
  return least < minuteMs ? Math.ceil(least / 1_000) * 1_000 : Math.ceil(least / minuteMs) * minuteMs
}

/** A service's metrics as JSON. Throws a 404 refusal where neither it nor any metric of it is known. */
export async function answerMetrics(query: MetricQuery, read: ReadMetrics, fleet: FleetView): Promise<object> {
  const { service, from, to } = query
  const found = await read(query)
  if (found.length === 0 && !fleet.instances.has(service)) {
    throw new Refusal(404, `${service} is not registered, and has no metrics in that time`, [
      { field: 'id', message: 'is not known' },
    ])
  }
  let left = mostPointsInAll
  const metrics = found.slice(0, mostNames).flatMap(({ name, unit, points }) => {
    if (points.length > left) return []
    left -= points.length
    return [{ metric_name: name, metric_unit: unit, points: points.map(pointRow) }]
  })
  const told = new Set(metrics.map(({ metric_name }) => metric_name))
  return {
    success: true,
    service_id: service,
    from: isoTime(from),
    to: isoTime(to),
    step_ms: query.stepMs,
    metrics,
    // Ask for these by name.
    left_out: found.map(({ name }) => name).filter((name) => !told.has(name)),
  }
}

function pointRow({ at, sum, min, max, last, samples }: MetricStep) {
  return { timestamp: isoTime(at), value: sum / samples, min, max, last, samples }
}
