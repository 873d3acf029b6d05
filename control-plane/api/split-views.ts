import type {
  MeasuredView,
  SplitView,
  TransitionView,
  UnderWaySplitView,
  WholeSplitView,
} from '#shared/protocol/split-api.ts'
import type { SplitSeen } from '../routing/splits/keep-splits.ts'
import { type Count, type Measured, positionOf, type SplitState, type Transition } from '../routing/splits/state.ts'
import type { UserKey } from '../routing/table.ts'
import { isoTime } from './views.ts'

export function splitView({ declared, state, measured, waitingFor }: SplitSeen): SplitView {
  const { baseline, canary, source, by, cohort } = declared
  const { service, phase, steps, step, since, serial } = state
  const position = positionOf(state)
  return {
    ...{ service, baseline, canary, source, by: keyText(by), phase, step, serial },
    steps: steps.map(stepText),
    users_percent: (position?.permille ?? 0) / 10,
    cohort: position !== undefined && cohort.length > 0,
    since: isoTime(since),
    waiting_for: [...waitingFor],
    measured: measuredView(measured),
  }
}

export function wholeSplitView(seen: SplitSeen): WholeSplitView {
  return { ...splitView(seen), transitions: seen.state.transitions.map((each) => transitionView(each, seen)) }
}

/** How long it is told that a split was taken back. */
const toldForMs = 3_600_000

/**
 * The splits that people have to know of: users are on their way, or were taken back within the last hour.
 * @param now epoch milliseconds
 */
export function splitsUnderWay(splits: readonly SplitSeen[], now: number): readonly UnderWaySplitView[] {
  return splits
    .filter(({ state }) => isTold(state, now))
    .map((seen) => {
      const last = seen.state.transitions.at(-1)
      return { ...splitView(seen), last: last ? transitionView(last, seen) : null }
    })
}

function isTold({ phase, since }: SplitState, now: number): boolean {
  switch (phase) {
    case 'running':
    case 'paused':
    case 'kept':
      return true
    case 'aborted':
      return now - since < toldForMs
    case 'ready':
    case 'settled':
      return false
  }
}

function transitionView(
  { at, by, phase, step, reason, why, measured }: Transition,
  { state }: SplitSeen,
): TransitionView {
  return {
    ...{ at: isoTime(at), by, phase, reason, why },
    step: stepText(state.steps[step] ?? 1000),
    measured: measured ? measuredView(measured) : null,
  }
}

function stepText(permille: number): string {
  return permille === 0 ? 'cohort' : `${permille / 10}%`
}

function keyText(by: UserKey): string {
  return by.kind === 'address' ? 'address' : `${by.kind} ${by.name}`
}

function measuredView({ canary, baseline }: Measured): MeasuredView {
  return { canary: countView(canary), baseline: countView(baseline) }
}

function countView(count: Count | undefined): MeasuredView['canary'] {
  return count ? { requests: count.requests, errors: count.errors, p95_ms: count.p95Ms ?? null } : null
}
