import type { SplitState } from './state.ts'

/** A split as a store keeps it: what has inner structure is JSON. `at`: when it changed last, epoch milliseconds. */
export type StoredSplit = {
  readonly service: string
  readonly phase: string
  readonly state: string
  readonly at: number
}

/** Where splits are kept over restarts. Every method rejects with STORE_UNAVAILABLE when the store cannot do it now. */
export type SplitStore = {
  saveRoutingSplits(splits: readonly StoredSplit[]): Promise<void>
  routingSplits(): Promise<readonly StoredSplit[]>
}

export function storedOf(state: SplitState): StoredSplit {
  const { service, phase, since, transitions } = state
  return { service, phase, state: JSON.stringify(state), at: transitions.at(-1)?.at ?? since }
}

/** Ours alone write it. */
export function stateOf({ state }: StoredSplit): SplitState {
  return JSON.parse(state) as SplitState
}
