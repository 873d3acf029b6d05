import type { Called } from '#test/support/calls.ts'

/** Milliseconds from `from` to the end of the last call that failed or was not answered at its first attempt; 0: there was none. */
export function recoveryMs(calls: readonly Called[], from: number): number {
  const late = calls.filter(({ error, attempts }) => error !== undefined || attempts > 1)
  return late.reduce((latest, { at, tookMs }) => Math.max(latest, at + tookMs - from), 0)
}

/** The cluster that gave all of these answers; undefined: there were several, or failures, or none. */
export function answersOf(calls: readonly Called[]): string | undefined {
  const [first] = calls
  return first && calls.every(({ cluster }) => cluster === first.cluster) ? first.cluster : undefined
}
