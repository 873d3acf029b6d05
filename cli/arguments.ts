import { InvalidArgumentError } from 'commander'
import { durationMs } from '#shared/config/fields.ts'

/** Milliseconds of `30s`, `10m`, `2h`; throws what commander shows with exit code 2. */
export function durationArgument(text: string): number {
  const ms = durationMs(text)
  if (ms === undefined) throw new InvalidArgumentError('Expected a duration such as 30s, 10m or 2h.')
  return ms
}

/** A duration of at least one second. */
export function periodArgument(text: string): number {
  const ms = durationArgument(text)
  if (ms < 1000) throw new InvalidArgumentError('Expected at least 1s.')
  return ms
}

export function countArgument(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a number from 1.')
  return Number(text)
}

/** The base of the control plane's addresses, without a trailing slash. */
export function planeArgument(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('Expected a URL such as http://127.0.0.1:8888.')
  }
  return text.replace(/\/+$/, '')
}

/** Where a list of events starts: after a revision, or at a time. */
export type Since =
  | { readonly kind: 'revision'; readonly revision: number }
  | { readonly kind: 'ago'; readonly ms: number }
  | { readonly kind: 'time'; readonly at: string }

/** A moment of the past as the API takes it. @param now epoch milliseconds */
export function momentOf(since: Since, now: number): string {
  switch (since.kind) {
    case 'revision':
      return String(since.revision)
    case 'ago':
      return new Date(now - since.ms).toISOString()
    case 'time':
      return since.at
  }
}

/** `812` is a revision, `10m` a time ago, `2026-03-01T10:00:00Z` (or without time, or with an offset) a time. */
export function sinceArgument(text: string): Since {
  if (/^\d{1,15}$/.test(text)) return { kind: 'revision', revision: Number(text) }
  const ms = durationMs(text)
  if (ms !== undefined) return { kind: 'ago', ms }
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('Expected a duration (10m), a time (ISO 8601) or a revision.')
  return { kind: 'time', at: new Date(at).toISOString() }
}
