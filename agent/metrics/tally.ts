import { isFailure, type Role, roleOf } from './core.ts'
import type { Drops } from './drops.ts'
import type { Keep } from './keep.ts'
import type { Sample } from './sample.ts'
import { isAlone, isReserved, type Series, seriesOf } from './series.ts'

/** What one reading of a page says of the service as a whole, as counted since the service began. */
export type CoreTotals = {
  readonly requests?: number
  readonly errors?: number
  /** Of the latency in the page's own unit, and what turns it into milliseconds. */
  readonly latency?: { readonly buckets: ReadonlyMap<number, number>; readonly factor: number }
  /** Milliseconds. */
  readonly p95Ms?: number
}

type Counted = { value: number; failures: number | undefined }
type Timed = { readonly buckets: Map<number, number>; readonly factor: number }

const mostFamilies = 20_000
const mostBuckets = 500

/**
 * Takes the samples of one reading of a page, chooses the series that are kept and adds up what the page says of the service as a
 * whole. Which ones are chosen depends on their names and labels only, not on their values or order. Keeps a bounded number.
 */
export class PageTally {
  readonly #keep: Keep
  readonly #drops: Drops
  readonly #ranks = new Map<string, number | undefined>()
  readonly #roles = new Map<string, Role | undefined>()
  #series: Series[] = []
  #last: string | undefined
  readonly #requests = new Map<number, Counted>()
  readonly #errors = new Map<number, Counted>()
  readonly #latencies = new Map<number, Timed>()
  readonly #p95 = new Map<number, number>()

  constructor(keep: Keep, drops: Drops) {
    this.#keep = keep
    this.#drops = drops
  }

  take(sample: Sample): void {
    const role = this.#roleOf(sample)
    if (role) this.#add(role, sample)
    const rank = this.#rankOf(sample)
    if (rank !== undefined && isAlone(sample)) this.#choose(sample, rank)
  }

  /** The series that are kept, in a stated order, each once. */
  get series(): readonly Series[] {
    this.#settle()
    return this.#series
  }

  get core(): CoreTotals {
    const requests = best(this.#requests)
    const errors = best(this.#errors)
    const latency = best(this.#latencies)
    const p95Ms = best(this.#p95)
    // Failures among the requests themselves say more than a counter beside them.
    const failed = requests?.failures ?? errors?.failures ?? errors?.value
    return {
      ...(requests ? { requests: requests.value } : {}),
      ...(failed === undefined ? {} : { errors: failed }),
      ...(latency ? { latency } : {}),
      ...(p95Ms === undefined ? {} : { p95Ms }),
    }
  }

  #add({ what, rank, factor }: Role, { labels, value }: Sample): void {
    if (!Number.isFinite(value)) return
    switch (what) {
      case 'requests':
      case 'errors': {
        const into = what === 'requests' ? this.#requests : this.#errors
        const counted = into.get(rank) ?? { value: 0, failures: undefined }
        into.set(rank, counted)
        counted.value += value
        const failed = isFailure(labels)
        if (failed !== undefined) counted.failures = (counted.failures ?? 0) + (failed ? value : 0)
        break
      }
      case 'latency': {
        const bound = boundOf(labels.find(([name]) => name === 'le')?.[1])
        const timed = this.#latencies.get(rank) ?? { buckets: new Map(), factor }
        this.#latencies.set(rank, timed)
        if (bound === undefined || (!timed.buckets.has(bound) && timed.buckets.size >= mostBuckets)) break
        timed.buckets.set(bound, (timed.buckets.get(bound) ?? 0) + value)
        break
      }
      case 'p95': {
        const quantile = labels.find(([name]) => name === 'quantile')?.[1]
        if (quantile !== undefined && Number(quantile) !== 0.95) break
        // Quantiles cannot be added up; the worst is told.
        this.#p95.set(rank, Math.max(this.#p95.get(rank) ?? 0, value * factor))
      }
    }
  }

  #choose(sample: Sample, rank: number): void {
    // What would not be chosen anyhow needs no name.
    if (
      this.#last !== undefined &&
      `${String(rank).padStart(3, '0')} ${sample.labels.length > 0 ? 1 : 0}` > this.#last
    ) {
      this.#drops.add('too_many')
      return
    }
    const series = seriesOf(sample, rank)
    if (series === undefined) this.#drops.add('name_too_long')
    else if (isReserved(series.key)) this.#drops.add('reserved')
    else {
      this.#series.push(series)
      if (this.#series.length >= 4 * this.#keep.most + 16) this.#settle()
    }
  }

  #settle(): void {
    const sorted = this.#series.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    const once = sorted.filter(({ key }, n) => key !== sorted[n - 1]?.key)
    this.#series = once.slice(0, this.#keep.most)
    this.#drops.add('duplicate', sorted.length - once.length)
    this.#drops.add('too_many', once.length - this.#series.length)
    if (this.#series.length === this.#keep.most) this.#last = this.#series.at(-1)?.order.slice(0, 5)
  }

  #rankOf(sample: Sample): number | undefined {
    if (this.#ranks.has(sample.name)) return this.#ranks.get(sample.name)
    const rank = this.#keep.rankOf(sample)
    if (this.#ranks.size < mostFamilies) this.#ranks.set(sample.name, rank)
    return rank
  }

  #roleOf(sample: Sample): Role | undefined {
    const { name } = sample
    if (this.#roles.has(name)) return this.#roles.get(name)
    const role = roleOf(sample)
    if (this.#roles.size < mostFamilies) this.#roles.set(name, role)
    return role
  }
}

function boundOf(le: string | undefined): number | undefined {
  if (le === undefined) return undefined
  const bound = /^\+?inf/i.test(le) ? Number.POSITIVE_INFINITY : Number(le)
  return Number.isNaN(bound) ? undefined : bound
}

/** Of several sources the best that there is. */
function best<T>(sources: ReadonlyMap<number, T>): T | undefined {
  return sources.get(Math.min(...sources.keys()))
}
