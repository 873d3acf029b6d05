import type { MetricStep } from '../../fleet/metric-series.ts'
import { minuteOf } from './rollup.ts'

export const minuteMs = 60_000

/** Steps are counted from the epoch, so that the same step has the same start in every answer. */
export function stepOf(at: number, stepMs: number): number {
  return Math.floor(at / stepMs) * stepMs
}

/** Adds what is later to what is earlier, each to its step. */
export class Steps {
  readonly #stepMs: number
  readonly #buckets = new Map<number, MetricStep>()

  constructor(stepMs: number) {
    this.#stepMs = stepMs
  }

  /** @param bucket of a step that is not longer than these */
  add(bucket: MetricStep): void {
    const at = stepOf(bucket.at, this.#stepMs)
    const known = this.#buckets.get(at)
    if (!known) this.#buckets.set(at, { ...bucket, at })
    else {
      this.#buckets.set(at, {
        at,
        sum: known.sum + bucket.sum,
        min: Math.min(known.min, bucket.min),
        max: Math.max(known.max, bucket.max),
        last: bucket.last,
        samples: known.samples + bucket.samples,
      })
    }
  }

  inOrder(): readonly MetricStep[] {
    return [...this.#buckets.values()].sort((a, b) => a.at - b.at)
  }
}

export function bucketOfMinute({
  minute,
  sum,
  min,
  max,
  last,
  samples,
}: Omit<MetricStep, 'at'> & { readonly minute: number }) {
  return { at: minute, sum, min, max, last, samples } satisfies MetricStep
}

export function bucketOfSample({ at, value }: { readonly at: number; readonly value: number }): MetricStep {
  return { at, sum: value, min: value, max: value, last: value, samples: 1 }
}

/**
 * Minutes as they are stored and those that are still in memory, each once: a minute that was written meanwhile is in both, and the
 * one with more samples is the newer.
 */
export function mergeMinutes(stored: readonly MetricStep[], open: readonly MetricStep[]): readonly MetricStep[] {
  const minutes = new Map<number, MetricStep>()
  for (const bucket of [...stored, ...open]) {
    const known = minutes.get(bucket.at)
    if (!known || bucket.samples > known.samples) minutes.set(bucket.at, bucket)
  }
  return [...minutes.values()].sort((a, b) => a.at - b.at)
}

/**
 * From when on the samples themselves can be told; what is before is told by minutes. A series of which some samples have gone has its
 * first full minute after them.
 */
export function rawFrom(samples: readonly { readonly at: number }[], whole: boolean): number {
  const [oldest] = samples
  if (!oldest) return Number.POSITIVE_INFINITY
  const minute = minuteOf(oldest.at)
  return whole || minute === oldest.at ? minute : minute + minuteMs
}
