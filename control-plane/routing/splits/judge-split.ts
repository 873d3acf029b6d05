import type { SplitDeclaration } from '../declaration/declaration.ts'
import { compareSides, type GateResult } from './gate.ts'
import { isUnderWay, type Measured, moved, type SplitState } from './state.ts'

/** What is known of a split besides its state. */
export type Known = {
  readonly measured: Measured
  /** How many instances of each side can be called. */
  readonly callable: { readonly canary: number; readonly baseline: number }
}

/** The state after a look, and what it waits for; the same object where nothing has changed. */
export type Look = { readonly state: SplitState; readonly waitingFor: readonly string[] }

const gate = 'gate'

/** Whether the gate looks at it. */
export function isWatched({ phase }: SplitState): boolean {
  return phase === 'running' || phase === 'paused' || phase === 'kept'
}

/**
 * What becomes of a split by itself: it is promoted, taken back, settled, or waits. Time alone never promotes, and a canary that nobody asks
 * never passes; a pause only keeps it from being promoted.
 */
export function judgeSplit(declared: SplitDeclaration, state: SplitState, known: Known, now: number): Look {
  const { phase } = state
  if (!isWatched(state)) return { state, waitingFor: [] }
  const { measured, callable } = known
  const alone = (declared.steps[state.step] ?? 1000) === 1000
  const result: GateResult =
    callable.canary === 0
      ? { kind: 'worse', reason: 'canary_gone', why: 'the canary has no instance that can be called' }
      : compareSides(declared.gate, measured, alone)
  if (result.kind === 'worse') return takenBack(state, result, known, now)
  if (phase === 'paused') return { state, waitingFor: ['it is paused'] }
  const left = (phase === 'kept' ? declared.keepMs : declared.holdMs) - (now - state.since)
  if (phase === 'kept') {
    if (left > 0) return { state, waitingFor: [`the baseline is kept for ${seconds(left)} more`] }
    return same(moved(state, { at: now, by: gate, phase: 'settled', reason: 'keep_over', measured }))
  }
  const waitingFor = [
    ...(left > 0 ? [`the step lasts ${seconds(left)} more`] : []),
    ...(result.kind === 'few' ? [result.waitingFor] : []),
  ]
  if (result.kind === 'few' || waitingFor.length > 0) return { state, waitingFor }
  return same(promoted(declared, state, { at: now, by: gate, reason: 'gate_passed', why: result.why, measured }))
}

/** In its next step; after the last one the baseline is kept for a while, unless it need not be. */
export function promoted(
  { steps, keepMs }: SplitDeclaration,
  state: SplitState,
  change: Pick<Parameters<typeof moved>[1], 'at' | 'by' | 'reason' | 'why' | 'measured'>,
): SplitState {
  const step = state.step + 1
  if (step < steps.length) return moved(state, { ...change, phase: 'running', step })
  return moved(state, { ...change, phase: keepMs > 0 ? 'kept' : 'settled' })
}

function takenBack(
  state: SplitState,
  { reason, why }: Extract<GateResult, { kind: 'worse' }>,
  { measured, callable }: Known,
  now: number,
): Look {
  if (callable.baseline > 0) return same(moved(state, { at: now, by: gate, phase: 'aborted', reason, why, measured }))
  const stuck = `${why}, and the baseline has no instance that can be called`
  // Whoever fails sometimes is better than nobody.
  if (state.phase !== 'running') return { state, waitingFor: [stuck] }
  return same(moved(state, { at: now, by: gate, phase: 'paused', reason: 'baseline_gone', why: stuck, measured }))
}

/** A state whose declaration has changed or is gone: what was under way is over. */
export function redeclared(state: SplitState, now: number): SplitState {
  if (!isUnderWay(state) || state.phase === 'settled') return state
  const why = 'the declaration has another split of this service, or none'
  return moved(state, { at: now, by: 'declaration', phase: 'aborted', reason: 'redeclared', why })
}

function same(state: SplitState): Look {
  return { state, waitingFor: [] }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`
}
