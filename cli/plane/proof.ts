import type { SinkView, StatusView } from '#shared/protocol/status-api.ts'

/** Where the sinks that apply changes stand towards a revision. */
export type Proof = {
  readonly revision: number
  readonly proven: readonly SinkView[]
  /** They will not follow until somebody thaws them. */
  readonly frozen: readonly SinkView[]
  /** They have not proven it yet, but may. */
  readonly waiting: readonly SinkView[]
}

/** How far a revision has come, by the status of the plane. Sinks that only observe are not asked. */
export function proofOf(status: StatusView, revision: number): Proof {
  const applying = status.sinks.filter(({ mode }) => mode === 'apply')
  const proven = applying.filter((sink) => sink.proven !== null && sink.proven.revision >= revision)
  const rest = applying.filter((sink) => !proven.includes(sink))
  // A sink may say "frozen" for a moment after the thaw; only as long as the plane says it too is it final.
  const frozen = rest.filter(({ state }) => status.frozen !== null && state === 'frozen')
  return { revision, proven, frozen, waiting: rest.filter((sink) => !frozen.includes(sink)) }
}
