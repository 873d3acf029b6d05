export type Label = readonly [name: string, value: string]

/** What its page says that a number is. `gauge` where it says nothing. */
export type SampleType = 'counter' | 'gauge' | 'histogram' | 'summary'

/** One number of a metrics page. */
export type Sample = {
  /** As the page has it; of a JSON page the path to the number, joined by dots. */
  readonly name: string
  /** The name without what belongs to a histogram, a summary or a counter: `x` of `x_bucket`, `x_count`, `x_total`. */
  readonly family: string
  readonly type: SampleType
  readonly labels: readonly Label[]
  /** May be NaN or infinite. */
  readonly value: number
}
