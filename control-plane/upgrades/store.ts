import * as z from 'zod/mini'
import { type SignedRelease, SignedRelease as SignedSchema } from '#shared/protocol/release.ts'
import type { Rollout } from './state.ts'

/** As a store keeps them: what has inner structure is JSON. Times in epoch milliseconds. */
export type StoredRelease = {
  readonly version: string
  readonly sha256: string
  readonly bytes: number
  readonly signed: string
  readonly author: string
  readonly at: number
}
export type StoredRollout = {
  readonly id: number
  readonly scope: string
  readonly version: string
  readonly phase: string
  readonly state: string
  readonly at: number
}

/** Where releases and rollouts are kept over restarts. Every method rejects with STORE_UNAVAILABLE when the store cannot do it now. */
export type UpgradeStore = {
  saveRelease(release: StoredRelease, drop: readonly string[]): Promise<void>
  /** The oldest first. */
  releases(): Promise<readonly StoredRelease[]>
  /** @param most of those that are over, what `rollouts(most)` does not name goes */
  saveRollouts(rollouts: readonly StoredRollout[], most: number): Promise<void>
  /** Those that are not over before all others, then newest first. */
  rollouts(limit: number): Promise<readonly StoredRollout[]>
}

/** A release of the agent, as somebody has signed it. */
export type Release = Omit<StoredRelease, 'signed'> & { readonly signed: SignedRelease }

export function storedRelease({ signed, ...release }: Release): StoredRelease {
  return { ...release, signed: JSON.stringify(signed) }
}

export function releaseOf({ signed, ...release }: StoredRelease): Release {
  return { ...release, signed: z.parse(SignedSchema, JSON.parse(signed)) }
}

export function storedRollout(rollout: Rollout, at: number): StoredRollout {
  const { id, scope, version, phase } = rollout
  return { id, scope, version, phase, state: JSON.stringify(rollout), at }
}

/** Ours alone write it. */
export function rolloutOf({ state }: StoredRollout): Rollout {
  return JSON.parse(state) as Rollout
}
