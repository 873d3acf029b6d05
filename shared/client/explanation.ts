import type { FederationDecision } from '../protocol/federation.ts'
import type { Breaker } from './breaker.ts'

/** One attempt of a call. */
export type AttemptTaken = {
  readonly cluster: string
  readonly instance: string
  readonly address: string
  readonly port: number
  /** chosen: the first · again: another instance after one that failed · fallback: the other cluster */
  readonly why: 'chosen' | 'again' | 'fallback'
  /** `answered 200`, `refused ECONNREFUSED`, `reset ECONNRESET`, `timeout` */
  readonly ending: string
  readonly tookMs: number
}

/** Which instance of which cluster a call went to, and why. */
export type Taken = {
  readonly service: string
  readonly decision: FederationDecision
  readonly attempts: readonly AttemptTaken[]
}

/** What a call would do now. */
export type Explanation = {
  readonly service: string
  readonly decision: FederationDecision
  /** Where the instances are known from, and how long ago that was said, in milliseconds; null: nothing is known. */
  readonly known: { readonly from: 'plane' | 'cache'; readonly ageMs: number } | null
  readonly clusters: readonly {
    readonly cluster: string
    readonly breaker: Breaker['state']
    readonly instances: readonly {
      readonly instance: string
      readonly address: string
      readonly port: number
      readonly weight: number
      readonly last: boolean
      readonly breaker: Breaker['state']
      /** Whether the next call may go to it. */
      readonly callable: boolean
      readonly onTheirWay: number
    }[]
  }[]
}
