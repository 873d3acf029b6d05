import { percentileMs } from '#shared/protocol/latency.ts'
import type { SplitDeclaration } from '../declaration/declaration.ts'
import type { Total, Traffic } from '../traffic/traffic.ts'
import type { Count, Measured, SplitState } from './state.ts'

/**
 * What both sides were asked over the same time: the gate's window, at most back to the beginning of the step; counted at the gateways that
 * split it. A side is undefined where nobody counts.
 */
export function measureSplit(
  { baseline, canary, gate }: Pick<SplitDeclaration, 'baseline' | 'canary' | 'gate'>,
  { since }: Pick<SplitState, 'since'>,
  gateways: readonly string[],
  traffic: Pick<Traffic, 'servicesSince'>,
  now: number,
): Measured {
  const totals = traffic.servicesSince(gateways, Math.max(since + 1, now - gate.windowMs))
  return { canary: totals && countOf(totals.get(canary)), baseline: totals && countOf(totals.get(baseline)) }
}

function countOf(total: Total | undefined): Count {
  if (!total) return { requests: 0, errors: 0, p95Ms: undefined }
  return { requests: total.requests, errors: total.errors, p95Ms: percentileMs(total.took, 0.95) }
}
