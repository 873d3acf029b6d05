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
  /** Of a gateway: how far it is with the versions of the declaration. */
  readonly declared?: DeclaredStatus
}

export type DeclaredStatus = {
  /** The number of the newest version that it has been given; undefined: none yet. */
  readonly given: number | undefined
  /** The newest one that all its proxies have proven; undefined: none yet. */
  readonly proven: number | undefined
  /** What of the newest one was rejected or left out, with file and line; empty: nothing is known to be. */
  readonly rejected: readonly string[]
}

/** What one sink says about one instance, for `explain`. */
export type SinkAnswer = {
  readonly sink: string
  /** shown: routed or listed as the fleet wants · absent · different: it shows something else (`remark` says what) */
  readonly state: 'shown' | 'absent' | 'different' | 'unknown'
  readonly remark: string
}

/** What a sink shows otherwise than it should. */
export type Difference = {
  /** missing: it should be there and is not · changed: it is there in another form · added: it is there and should not be */
  readonly kind: 'missing' | 'changed' | 'added'
  /** The key of what differs: a record, a file, a resource. */
  readonly what: string
  readonly at: string
}

/** What a sink truly shows now, against what it should. What is on its way already is no difference. */
export type Inspection = {
  readonly differences: readonly Difference[]
  /** Why it could not be looked at, or not everywhere. */
  readonly unknown: readonly string[]
  /** What else a reader should know of how it was looked at. */
  readonly notes?: readonly string[]
}

/** What every sink can be asked. */
export interface Sink {
  status(): SinkStatus
  explain(instance: string): SinkAnswer
  /** Looks at what it truly shows. Rejects if it cannot be reached. */
  inspect?(): Promise<Inspection>
  /** Has everything compared and set right now, beside its own cadence. */
  repair?(): void
}
