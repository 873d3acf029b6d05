import type { SplitDeclaration } from '../declaration/declaration.ts'
import type { SplitPosition } from '../table/split-routes.ts'

/**
 * ready: declared, and nothing goes to the canary · running: in one of its steps · paused: in one of them, and it goes no further by itself ·
 * kept: all users are on the canary, and the gate looks on · settled: they are, and nobody looks any more · aborted: all are back on the
 * baseline
 */
export type SplitPhase = 'ready' | 'running' | 'paused' | 'kept' | 'settled' | 'aborted'

/** What one side was asked over the time that the gate looked at. */
export type Count = {
  readonly requests: number
  /** Of them those answered with 5xx. */
  readonly errors: number
  /** 95 of a hundred answers came within this, in milliseconds; undefined: not known. */
  readonly p95Ms: number | undefined
}

/** Both sides over the same time. A side is undefined where nobody counts its requests. */
export type Measured = { readonly canary: Count | undefined; readonly baseline: Count | undefined }

export type SplitReason =
  /** Somebody wanted it. */
  | 'asked'
  /** The canary did no worse than the baseline, and there were enough requests to say so. */
  | 'gate_passed'
  | 'too_many_errors'
  | 'too_slow'
  /** The canary has no instance that can be called. */
  | 'canary_gone'
  /** The canary fails, and the baseline has no instance that could take its users. */
  | 'baseline_gone'
  | 'keep_over'
  /** The declaration has another split of this service now, or none. */
  | 'redeclared'

/** One change of a split. `at`: epoch milliseconds. */
export type Transition = {
  readonly at: number
  /** Whoever wanted it; `gate`, or `declaration`. */
  readonly by: string
  readonly phase: SplitPhase
  /** The index of the step that it is in from then on. */
  readonly step: number
  readonly reason: SplitReason
  /** In words: what somebody said, or the figures that decided. */
  readonly why: string
  /** What was known when it happened; undefined: nobody asked for it. */
  readonly measured: Measured | undefined
}

export type SplitState = {
  readonly service: string
  /** The version of the declared split that it is about, and its steps: thousandths of the users. */
  readonly version: string
  readonly steps: readonly number[]
  readonly phase: SplitPhase
  readonly step: number
  /** When the step or phase began, epoch milliseconds. */
  readonly since: number
  /** Rises with every change. */
  readonly serial: number
  /** Oldest first; the last ones only. */
  readonly transitions: readonly Transition[]
}

/** So many transitions are remembered. */
const mostTransitions = 200

/** A split of which nothing has happened yet, after whatever happened to the one before it. */
export function readyState(
  { name, version, steps }: Pick<SplitDeclaration, 'name' | 'version' | 'steps'>,
  before: SplitState | undefined,
  at: number,
): SplitState {
  const { serial = 0, transitions = [] } = before ?? {}
  return { service: name, version, steps, phase: 'ready', step: 0, since: at, serial: serial + 1, transitions }
}

/** After a change; what is not said stays. */
export function moved(
  state: SplitState,
  change: Omit<Transition, 'step' | 'measured' | 'why'> & Partial<Pick<Transition, 'step' | 'measured' | 'why'>>,
): SplitState {
  const { step = state.step, measured, why = '', ...rest } = change
  const transition: Transition = { ...rest, step, why, measured }
  const sameStep = step === state.step && (rest.phase === 'paused' || state.phase === 'paused')
  return {
    ...state,
    phase: rest.phase,
    step,
    // A pause does not begin the step anew.
    since: sameStep && rest.phase !== 'aborted' ? state.since : rest.at,
    serial: state.serial + 1,
    transitions: [...state.transitions, transition].slice(-mostTransitions),
  }
}

/**
 * A split that was taken back, though the store did not hear of it, as it is to be stored now. Undefined: what is stored knows of it already, or
 * is of another declaration, or has nobody on the canary.
 */
export function stillTakenBack(ours: SplitState, stored: SplitState | undefined): SplitState | undefined {
  const taken = ours.transitions.at(-1)
  if (!taken || !stored) return ours
  const knows = stored.transitions.some(
    ({ at, by, phase }) => phase === 'aborted' && at === taken.at && by === taken.by,
  )
  if (knows || stored.version !== ours.version || !isUnderWay(stored)) return undefined
  if (stored.serial < ours.serial) return ours
  const { at, by, reason, why, measured } = taken
  return moved(stored, { at, by, reason, why, measured, phase: 'aborted' })
}

/** Whether anything goes to the canary. */
export function isUnderWay({ phase }: SplitState): boolean {
  return phase !== 'ready' && phase !== 'aborted'
}

/** Where users are; undefined: all are on the baseline. */
export function positionOf(state: SplitState): SplitPosition | undefined {
  const { version, steps, step } = state
  return isUnderWay(state) ? { version, permille: steps[step] ?? 1000, cohort: true } : undefined
}
