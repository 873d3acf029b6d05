import { type Reason, reasonText } from '#shared/protocol/reason.ts'
import type { InstanceState } from '../checks/instances.ts'
import type { Identity } from '../identity/identity.ts'
import type { Dropped } from '../report/outbox.ts'
import type { SessionState } from '../session/keep-session.ts'

/** What an agent can say of itself at `now`, by the monotonic clock in milliseconds. */
export type AgentState = {
  readonly identity: Identity
  readonly name: string
  readonly version: string
  readonly now: number
  readonly session: SessionState
  readonly instances: readonly InstanceState[]
  readonly wires: number
  readonly unacknowledged: number
  readonly dropped: Dropped
  readonly lagMs: number
  readonly rssBytes: number
  readonly admissions: Readonly<Record<string, { readonly admission: string; readonly reason: string }>>
}

/** The agent's own health: it works as long as it checks; without a session it works on, but nobody hears it. */
export function healthOf(state: AgentState) {
  const { now, session } = state
  const { state: contact, plane, session: id, since, why } = session
  return {
    status: contact === 'connected' ? 'healthy' : 'warning',
    service: 'heddle-agent',
    version: state.version,
    node: state.identity.node,
    name: state.name,
    incarnation: state.identity.incarnation,
    session: { state: contact, plane, id, for_ms: Math.round(now - since), why },
    instances: state.instances.map(({ spec, verdict, at, checks }) => ({
      id: spec.id,
      service: spec.service,
      address: `${spec.address}:${spec.port}`,
      health: verdict.health,
      reason: told(verdict.reason),
      for_ms: Math.round(now - at),
      admission: state.admissions[spec.id],
      checks: checks.map(({ check, verdict, tookMs, probes }) => ({
        kind: check.probe.kind,
        health: verdict.health,
        reason: told(verdict.reason),
        took_ms: tookMs === undefined ? undefined : Math.round(tookMs * 10) / 10,
        probes,
      })),
    })),
    unacknowledged: state.unacknowledged,
    dropped: state.dropped,
    wires: state.wires,
    lag_ms: state.lagMs,
  }
}

function told(reason: Reason): string {
  return reasonText(reason)
}
