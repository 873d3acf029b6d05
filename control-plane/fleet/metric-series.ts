import type { Metric } from '#shared/protocol/messages.ts'

/** What one step of a metric came to. Steps without a sample have none. */
export type MetricStep = {
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
  readonly unit: Metric['unit']
  /** Oldest first. */
  readonly points: readonly MetricStep[]
}
