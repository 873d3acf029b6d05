import type { MetricQuery, MetricSeries, MetricStep } from '../../fleet/metric-series.ts'
import type { StoredMetric, TableStore } from '../store.ts'
import { bucketOfMinute, bucketOfSample, mergeMinutes, minuteMs, rawFrom, Steps } from './metric-series.ts'
import type { Recent, RecentSamples } from './recent-samples.ts'
import { minuteOf, type Rollup, type RollupBuffer } from './rollup.ts'

export type MetricSources = {
  readonly store: Pick<TableStore, 'metricsOf' | 'readRollups'>
  /** Minutes that are not written yet. */
  readonly rollups: RollupBuffer
  readonly recent: RecentSamples
}

/** Metrics of one service that are looked for at most. */
const mostMetrics = 200
/** Minutes that the store reads at once: about two milliseconds, since an append may have to wait for it. */
const minutesAtOnce = 1_000

type Memory = { readonly open: readonly Rollup[]; readonly recent: readonly Recent[] }

/**
 * A service's metrics over a time, those without a value in it left out: by minutes, and for steps under a minute by the samples
 * themselves as far as they are still there. Nothing is made up for steps without a sample.
 */
export async function readMetrics(
  query: MetricQuery,
  { store, rollups, recent }: MetricSources,
): Promise<MetricSeries[]> {
  const { service, names, stepMs } = query
  // At one moment, and before the store is read: what is written meanwhile is then in both, never in neither.
  const memory: Memory = { open: rollups.of(service), recent: recent.of(service) }
  const metrics = await metricsOf(service, memory, store)
  const wanted = metrics.filter(({ name }) => names?.includes(name) ?? true)
  const found = new Map<string, { readonly unit: Rollup['unit']; readonly steps: Steps }>()
  for (const metric of wanted) {
    const { unit, buckets } = await readMetric(metric, query, memory, store)
    if (buckets.length === 0) continue
    // A service that moved to another node goes on under its name.
    const { steps } = found.getOrInsertComputed(metric.name, () => ({ unit, steps: new Steps(stepMs) }))
    for (const bucket of buckets) steps.add(bucket)
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { unit, steps }]) => ({ name, unit, points: steps.inOrder() }))
}

async function metricsOf(
  service: string,
  { open, recent }: Memory,
  store: MetricSources['store'],
): Promise<readonly StoredMetric[]> {
  const all = [...(await store.metricsOf(service, mostMetrics)), ...open, ...recent]
  const distinct = new Map(all.map(({ node, name }) => [`${node}\n${name}`, { node, name }]))
  return [...distinct.values()].slice(0, mostMetrics)
}

async function readMetric(
  metric: StoredMetric,
  query: MetricQuery,
  memory: Memory,
  store: MetricSources['store'],
): Promise<{ readonly unit: Rollup['unit']; readonly buckets: readonly MetricStep[] }> {
  const { from, to, stepMs } = query
  const isIt = ({ node, name }: StoredMetric) => node === metric.node && name === metric.name
  const open = memory.open.filter(isIt)
  const recent = memory.recent.find(isIt)
  const samples = (stepMs < minuteMs ? recent?.samples : undefined) ?? []
  const fine = Math.max(from, rawFrom(samples, recent?.whole ?? false))
  const end = Math.min(to, fine)
  // From here on a minute may be both written and in memory, so minutes are not added up before they are told apart.
  const doubtful = Math.min(end, ...open.map(({ minute }) => minute))
  const settled = await readAll(metric, { ...query, from: minuteOf(from), to: doubtful }, store)
  const stored = await readAll(
    metric,
    { ...query, from: Math.max(doubtful, minuteOf(from)), to: end, stepMs: 0 },
    store,
  )
  const unwritten = open.filter(({ minute }) => minute >= minuteOf(from) && minute < end).map(bucketOfMinute)
  const raw = samples.filter(({ at }) => at >= fine && at < to).map(bucketOfSample)
  const unit = open[0]?.unit ?? recent?.unit ?? settled.unit ?? stored.unit ?? 'count'
  return { unit, buckets: [...settled.buckets, ...mergeMinutes(stored.buckets, unwritten), ...raw] }
}

async function readAll(
  metric: StoredMetric,
  { service, from, to, stepMs }: MetricQuery,
  store: MetricSources['store'],
): Promise<{ readonly unit: Rollup['unit'] | undefined; readonly buckets: readonly MetricStep[] }> {
  const buckets: MetricStep[] = []
  let unit: Rollup['unit'] | undefined
  const step = Math.max(stepMs, minuteMs)
  for (let at: number | undefined = from; at !== undefined && at < to; ) {
    const page = await store.readRollups({ ...metric, service, from: at, to, stepMs: step, limit: minutesAtOnce })
    unit = page.unit ?? unit
    buckets.push(...page.buckets)
    at = page.next
  }
  return { unit, buckets }
}
