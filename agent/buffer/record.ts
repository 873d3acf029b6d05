import type { Verdict } from '#shared/protocol/check.ts'
import type { Metric } from '#shared/protocol/messages.ts'
import type { Moment } from './moment.ts'

/** Everything that is kept has a number, which rises in its lane. */
type Kept = {
  readonly n: number
  readonly at: Moment
  /** So many before it were given up for want of room. */
  readonly lost?: number
}

/** A state change of an instance. */
export type Edge = Kept & {
  readonly id: string
  readonly verdict: Verdict
  /** So many changes of this instance just before it, the first of them at `since`, are told as this number only. */
  readonly folded?: { readonly count: number; readonly since: Moment }
}

/** What was measured at one moment. */
export type Sample = Kept & { readonly metrics: readonly Metric[] }

export type Lost = Pick<Kept, 'lost'>

export function lost(count: number): Lost {
  return count > 0 ? { lost: count } : {}
}

/** How many a record stands for, itself included. */
export function weightOf(record: Kept & { readonly folded?: { readonly count: number } }): number {
  return 1 + (record.lost ?? 0) + (record.folded?.count ?? 0)
}

/** Its bytes, near enough to keep bounds. */
export function bytesOf(record: object): number {
  return Buffer.byteLength(JSON.stringify(record)) + 8
}
