import type { Finding } from './finding.ts'

/** Before this time nothing of Heddle was there: a clock that says so was never set. */
const earliest = Date.parse('2025-01-01T00:00:00Z')
const mostSkewMs = 5_000

/** Whether a clock can be right. @param now epoch milliseconds */
export function clockFinding(now: number): Finding {
  if (now < earliest) {
    return {
      check: 'clock',
      level: 'error',
      text: `the clock says ${new Date(now).toISOString()}`,
      remedy: 'Set it, and let NTP keep it.',
    }
  }
  return { check: 'clock', level: 'ok', text: `the clock says ${new Date(now).toISOString()}` }
}

/**
 * How a host's clock differs from another's, by the Date of its answer. That has whole seconds, and the answer took its time.
 * @param date as in the header; undefined or unreadable: nothing is said
 */
export function skewFinding(
  who: string,
  date: string | undefined,
  asked: { readonly from: number; readonly to: number },
): Finding | undefined {
  const theirs = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(theirs)) return undefined
  const behind = theirs - asked.to
  const ahead = asked.from - (theirs + 1_000)
  const skew = Math.max(behind, ahead)
  if (skew <= mostSkewMs) return undefined
  const how = behind > ahead ? 'behind' : 'ahead of'
  return {
    check: 'clock',
    level: 'warning',
    text: `this clock is ${Math.round(skew / 1000)} s ${how} that of ${who}`,
    remedy: 'Let NTP keep both: Heddle does not rely on it, but logs and certificates do.',
  }
}
