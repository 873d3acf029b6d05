import { cpus, totalmem } from 'node:os'

/** One goal of a benchmark: what was measured, and whether it is good enough. */
export type Goal = {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** `at most 25`, `more than 10 times` */
  readonly goal: string
  readonly met: boolean
}

/** What a benchmark says. `neighbour` holds the same figures of what it was compared with, measured in the same run. */
export type BenchResult = {
  readonly bench: string
  readonly goals: readonly Goal[]
  readonly neighbour: Readonly<Record<string, number | string>>
  /** Further figures that explain the goals. */
  readonly figures?: Readonly<Record<string, number | string>>
}

/** `value` held against an upper limit. */
export function atMost(name: string, value: number, unit: string, limit: number): Goal {
  return { name, value: rounded(value), unit, goal: `at most ${limit}`, met: value <= limit }
}

export function exactly(name: string, value: number, unit: string, wanted: number): Goal {
  return { name, value, unit, goal: `exactly ${wanted}`, met: value === wanted }
}

export function moreThan(name: string, value: number, unit: string, limit: number): Goal {
  return { name, value: rounded(value), unit, goal: `more than ${limit}`, met: value > limit }
}

/** `value` held against a lower limit. */
export function atLeast(name: string, value: number, unit: string, limit: number): Goal {
  return { name, value: rounded(value), unit, goal: `at least ${limit}`, met: value >= limit }
}

/** The value below which `share` (0 to 1) of the values lie: nearest rank. NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

/** The largest of the values; NaN for no values: what was not measured meets no goal. */
export function worst(values: readonly number[]): number {
  return percentile(values, 1)
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function machine(): string {
  const [first] = cpus()
  return `${cpus().length} x ${first?.model.trim() ?? 'cpu'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
