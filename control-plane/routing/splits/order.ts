import type { SplitDeclaration } from '../declaration/declaration.ts'
import { type Known, promoted } from './judge-split.ts'
import { isUnderWay, moved, type SplitState } from './state.ts'

export type SplitAction = 'start' | 'pause' | 'resume' | 'promote' | 'abort'

/** What somebody asks of a split. */
export type SplitOrder = { readonly action: SplitAction; readonly by: string; readonly why: string }

/** The state after an order; or why it cannot be done. */
export type Ordered = { readonly state: SplitState } | { readonly refused: string }

/** What becomes of a split that somebody steers. What it is already is no change. */
export function ordered(
  declared: SplitDeclaration,
  state: SplitState,
  { action, by, why }: SplitOrder,
  { measured, callable }: Known,
  now: number,
): Ordered {
  const { phase } = state
  const change = { at: now, by, reason: 'asked', why, measured } as const
  switch (action) {
    case 'start':
      if (isUnderWay(state)) return { refused: `it has been started already, and is ${phase}` }
      if (callable.canary === 0) return { refused: 'its canary has no instance that can be called' }
      return { state: moved(state, { ...change, phase: 'running', step: 0 }) }
    case 'pause':
      if (phase === 'paused') return { state }
      return phase === 'running' ? { state: moved(state, { ...change, phase: 'paused' }) } : notNow(action, state)
    case 'resume':
      if (phase === 'running') return { state }
      return phase === 'paused' ? { state: moved(state, { ...change, phase: 'running' }) } : notNow(action, state)
    case 'promote':
      if (phase !== 'running' && phase !== 'paused') return notNow(action, state)
      if (callable.canary === 0) return { refused: 'its canary has no instance that can be called' }
      return { state: promoted(declared, state, change) }
    case 'abort':
      if (phase === 'aborted') return { state }
      if (!isUnderWay(state)) return notNow(action, state)
      if (callable.baseline === 0) return { refused: 'its baseline has no instance that can be called' }
      return { state: moved(state, { ...change, phase: 'aborted' }) }
  }
}

function notNow(action: SplitAction, { phase }: SplitState): Ordered {
  return { refused: `it is ${phase}: there is nothing to ${action}` }
}
