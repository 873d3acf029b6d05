import type { Metric } from '#shared/protocol/messages.ts'
import type { Drops } from './drops.ts'
import { bucketsBetween, quantile } from './quantile.ts'
import type { Series } from './series.ts'
import type { CoreTotals, PageTally } from './tally.ts'
import { faultOf } from './unit.ts'

type Before = {
  /** By the monotonic clock, in milliseconds. */
  readonly at: number
  readonly counters: ReadonlyMap<string, number>
  readonly core: CoreTotals
}

/**
 * Turns the readings of one page into what is told. A counter is told as its rate a second since the reading before; after the first
 * reading, and when a counter has begun anew, there is none. Everything else is told as it is.
 */
export class PageMeter {
  readonly #instance: string
  readonly #drops: Drops
  #before: Before | undefined

  constructor(instance: string, drops: Drops) {
    this.#instance = instance
    this.#drops = drops
  }

  /** @param at when the page was read, by the monotonic clock in milliseconds */
  measure(tally: PageTally, at: number): readonly Metric[] {
    const { series, core } = tally
    const before = this.#before
    const counters = new Map(series.flatMap(({ key, isCounter, value }) => (isCounter ? [[key, value]] : [])))
    this.#before = { at, counters, core }
    const seconds = before ? (at - before.at) / 1000 : 0
    return [
      ...(before ? this.#core(before.core, core, seconds) : []),
      ...series.flatMap((one) => this.#told(one, before?.counters.get(one.key), seconds)),
    ]
  }

  #core(before: CoreTotals, now: CoreTotals, seconds: number): readonly Metric[] {
    const rate = (a: number | undefined, b: number | undefined) =>
      a === undefined || b === undefined ? undefined : rateOf(a, b, seconds)
    const counted = before.latency && now.latency && bucketsBetween(before.latency.buckets, now.latency.buckets)
    const share = counted && quantile(0.95, counted)
    const latency = share === undefined || !now.latency ? now.p95Ms : share * now.latency.factor
    return [
      ...this.#metric('service_requests', rate(before.requests, now.requests), 'count'),
      ...this.#metric('service_errors', rate(before.errors, now.errors), 'count'),
      ...this.#metric('service_latency_p95', latency, 'ms'),
    ]
  }

  #told(
    { key, isCounter, unit, factor, value }: Series,
    before: number | undefined,
    seconds: number,
  ): readonly Metric[] {
    if (!Number.isFinite(value)) return this.#metric(key, value, unit)
    const now = isCounter ? before !== undefined && rateOf(before, value, seconds) : value
    return now === false || now === undefined ? [] : this.#metric(key, now * factor, unit)
  }

  #metric(name: string, value: number | undefined, unit: Metric['unit']): readonly Metric[] {
    if (value === undefined) return []
    const fault = faultOf(value, unit)
    if (fault) {
      this.#drops.add(fault)
      return []
    }
    return [{ instance: this.#instance, name, value: Number(value.toPrecision(9)), unit }]
  }
}

/** A second; undefined if the counter has begun anew. */
function rateOf(before: number, now: number, seconds: number): number | undefined {
  return seconds > 0 && now >= before ? (now - before) / seconds : undefined
}
