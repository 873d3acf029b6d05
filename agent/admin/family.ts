type Sample = { readonly labels?: Readonly<Record<string, string>>; readonly value: number }

/** A family of metrics as Prometheus knows it: one name with a sample for each set of labels. */
export type Family = {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly samples: readonly Sample[]
}
