import { minuteOf, type Rollup } from './rollup.ts'

export const minuteMs = 60_000

/** What one step of a metric came to. Steps without a sample have none. */
export type Bucket = {
  /** Epoch milliseconds of the step's start. */
  readonly at: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly last: number
  readonly samples: number
}

/** What is asked of a service's metrics. Times in epoch milliseconds, `to` excluded. */
export type MetricQuery = {
  readonly service: string
  /** Undefined: all of them. */
  readonly names: readonly string[] | undefined
  readonly from: number
  readonly to: number
  /** From a minute on: whole minutes. */
  readonly stepMs: number
}

export type MetricSeries = {
  readonly name: string
  readonly unit: Rollup['unit']
  /** Oldest first. */
  readonly points: readonly Bucket[]
}

/** Steps are counted from the epoch, so that the same step has the same start in every answer. */
export function stepOf(at: number, stepMs: number): number {
  return Math.floor(at / stepMs) * stepMs
}

/** Adds what is later to what is earlier, each to its step. */
export class Steps {
  readonly #stepMs: number
  readonly #buckets = new Map<number, Bucket>()

  constructor(stepMs: number) {
    this.#stepMs = stepMs
  }

  /** @param bucket of a step that is not longer than these */
  add(bucket: Bucket): void {
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

  inOrder(): readonly Bucket[] {
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
}: Omit<Bucket, 'at'> & { readonly minute: number }) {
  return { at: minute, sum, min, max, last, samples } satisfies Bucket
}

export function bucketOfSample({ at, value }: { readonly at: number; readonly value: number }): Bucket {
  return { at, sum: value, min: value, max: value, last: value, samples: 1 }
}

/**
 * Minutes as they are stored and those that are still in memory, each once: a minute that was written meanwhile is in both, and the
 * one with more samples is the newer.
 */
export function mergeMinutes(stored: readonly Bucket[], open: readonly Bucket[]): readonly Bucket[] {
  const minutes = new Map<number, Bucket>()
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
