/** What a sink does with what it should be: show what it would do, or do it. */
export type SinkMode = 'observe' | 'apply'

/** Something that follows the fleet, and what it has proven. */
export type SinkStatus = {
  /** `consul:zervigo-dc`, `envoy:edge`, `nginx:edge-nginx` */
  readonly name: string
  readonly kind: 'consul' | 'envoy' | 'nginx'
  readonly mode: SinkMode
  /** The newest fleet revision that the sink is proven to show; undefined: nothing proven yet. */
  readonly proven: { readonly revision: number; readonly at: number } | undefined
  /** following: equal or on its way · behind: it lags or cannot be reached · blocked: needs a person · frozen · standby: waits before its first write */
  readonly state: 'following' | 'behind' | 'blocked' | 'frozen' | 'standby'
  /** Sentences for people: what is contested, rejected, parked, guarded, with file and line where there is one. */
  readonly remarks: readonly string[]
  /** Figures of the kind, such as writes, reloads, contested, lag in milliseconds. */
  readonly figures: Readonly<Record<string, number>>
}

/** What one sink says about one instance, for `explain`. */
export type SinkAnswer = {
  readonly sink: string
  /** shown: routed or listed as the fleet wants · absent · different: it shows something else (`remark` says what) */
  readonly state: 'shown' | 'absent' | 'different' | 'unknown'
  readonly remark: string
}

/** What every sink can be asked. */
export interface Sink {
  status(): SinkStatus
  explain(instance: string): SinkAnswer
}
