import type { Gate } from '../declaration/declaration.ts'
import type { Count, Measured, SplitReason } from './state.ts'

/** What the figures say. `few`: they say nothing yet. */
export type GateResult =
  | { readonly kind: 'few'; readonly waitingFor: string }
  | { readonly kind: 'passed'; readonly why: string }
  | { readonly kind: 'worse'; readonly reason: SplitReason; readonly why: string }

/** Of answers that are quicker than this, in milliseconds, nobody notices that they are slower. */
const unnoticedMs = 5

/**
 * Compares the canary with the baseline over the same time. Too few requests never pass. They can fail, though: as soon as the canary has
 * failed more often than it may within the least number of requests, the rest need not be waited for.
 * @param alone whether all users are on the canary, so that the baseline is asked by nobody
 */
export function compareSides(gate: Gate, { canary, baseline }: Measured, alone: boolean): GateResult {
  if (!canary) return { kind: 'few', waitingFor: 'nobody counts the requests of the canary' }
  const worse = failsMore(gate, canary, baseline) ?? isSlower(gate, canary, baseline)
  if (worse) return worse
  if (canary.requests < gate.requests) return few('canary', canary.requests, gate)
  if (!alone && (baseline?.requests ?? 0) < gate.requests) return few('baseline', baseline?.requests ?? 0, gate)
  // An Envoy tells its times seconds after its counts: a canary is not promoted in between.
  if (!alone && gate.slowerPercent !== undefined && !areTimed(canary, baseline)) {
    return { kind: 'few', waitingFor: 'how long the requests took is not known yet' }
  }
  return { kind: 'passed', why: `${told('canary', canary)}; ${told('baseline', baseline)}` }
}

/** A baseline that was hardly asked counts as one that hardly fails: a canary is not excused by a handful of requests. */
function failsMore(gate: Gate, canary: Count, baseline: Count | undefined): GateResult | undefined {
  const usual = baseline ? baseline.errors / Math.max(gate.requests, baseline.requests) : 0
  const mayFail = (usual + gate.errorPoints / 100) * Math.max(gate.requests, canary.requests)
  if (canary.errors <= mayFail) return undefined
  const why = `${told('canary', canary)}; ${told('baseline', baseline)}; ${gate.errorPoints} points more may fail`
  return { kind: 'worse', reason: 'too_many_errors', why }
}

function isSlower({ requests, slowerPercent }: Gate, canary: Count, baseline: Count | undefined) {
  if (slowerPercent === undefined || canary.requests < requests || (baseline?.requests ?? 0) < requests)
    return undefined
  const [slow, usual] = [canary.p95Ms, baseline?.p95Ms]
  if (slow === undefined || usual === undefined) return undefined
  if (slow <= usual * (1 + slowerPercent / 100) || slow - usual <= unnoticedMs) return undefined
  const why = `P95 of the canary is ${rounded(slow)} ms, of the baseline ${rounded(usual)} ms; ${slowerPercent}% more are allowed`
  return { kind: 'worse', reason: 'too_slow', why } as const
}

function areTimed(...sides: readonly (Count | undefined)[]): boolean {
  return sides.every((side) => side?.p95Ms !== undefined)
}

function few(side: string, seen: number, { requests }: Gate): GateResult {
  return { kind: 'few', waitingFor: `${Math.floor(seen)} of ${requests} requests of the ${side} seen` }
}

function told(side: string, count: Count | undefined): string {
  if (!count || count.requests === 0) return `the ${side} was not asked`
  const { requests, errors } = count
  return `the ${side} failed ${Math.round(errors)} of ${Math.round(requests)} requests (${rounded((errors / requests) * 100)}%)`
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
