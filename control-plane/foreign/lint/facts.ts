import type { KindedCheckRow, KindedServiceRow } from '../../consul/answers.ts'

/** Why nobody could be reached at an address and port; undefined: somebody listens there, or nobody tried. */
export type Unreached = 'refused' | 'timeout' | 'unreachable' | undefined

/** All that a rule may know of one record. It touches nothing. */
export type Facts = {
  readonly record: KindedServiceRow
  /** Its own checks, without those of its node. */
  readonly checks: readonly KindedCheckRow[]
  /** Where others would reach it. */
  readonly address: string
  readonly unreached: Unreached
  /** How long it has been critical as far as the plane has seen, in milliseconds; 0: it is not. */
  readonly criticalMs: number
  /** Other nodes on which the same id stands. */
  readonly namesakes: readonly string[]
}

export type Settings = {
  readonly criticalForMs: number
}
