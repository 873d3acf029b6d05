import { type Asked, entriesOf, faultSpans, type History, overlaps } from './history.ts'

/** Of what was asked: shares from 0 to 1, and null where nothing was asked. */
export type Availability = {
  readonly calls: number
  readonly failed: number
  readonly perCall: number | null
  readonly seconds: number
  /** Seconds in which at least one call failed. */
  readonly badSeconds: number
  readonly perSecond: number | null
  /**
   * The same without the seconds in which a fault hit what no plane can mend: for a proxy, itself or the servers behind it; for the API, the
   * only database, without which nothing new can be acknowledged.
   */
  readonly excused: { readonly perCall: number | null; readonly perSecond: number | null; readonly seconds: number }
}

/** A connection that hung in a fault may fail so long after it. */
const afterMs = 5_000

export function availability(history: History, asked: Asked): Availability {
  const seconds = entriesOf(history, 'second').filter((entry) => entry.asked === asked && entry.calls > 0)
  const servers = entriesOf(history, 'began')[0]?.members.map(({ server }) => server) ?? []
  const own = { api: ['database'], envoy: ['envoy', ...servers], nginx: ['gateway', ...servers] }[asked]
  const spans = faultSpans(history).filter(({ hits }) => hits.some((unit) => own.includes(unit)))
  const excused = seconds.filter(({ at }) => spans.some((span) => overlaps(span, at - afterMs, at + 1_000)))
  const rest = sum(seconds.filter((second) => !excused.includes(second)))
  return {
    ...sum(seconds),
    excused: { perCall: rest.perCall, perSecond: rest.perSecond, seconds: excused.length },
  }
}

function sum(seconds: readonly { readonly calls: number; readonly failed: number }[]) {
  const calls = seconds.reduce((total, second) => total + second.calls, 0)
  const failed = seconds.reduce((total, second) => total + second.failed, 0)
  const badSeconds = seconds.filter((second) => second.failed > 0).length
  return {
    calls,
    failed,
    perCall: calls === 0 ? null : 1 - failed / calls,
    seconds: seconds.length,
    badSeconds,
    perSecond: seconds.length === 0 ? null : 1 - badSeconds / seconds.length,
  }
}
