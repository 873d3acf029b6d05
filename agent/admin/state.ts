import { agentName } from '#shared/probe/name.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import type { AuthorizerState } from '../authorizer/authorizer.ts'
import type { BacklogState } from '../buffer/open-backlog.ts'
import type { InstanceState } from '../checks/instances.ts'
import type { Identity } from '../identity/identity.ts'
import type { MembershipState } from '../identity/membership.ts'
import type { PagesState } from '../metrics/pages.ts'
import type { OrdersState } from '../orders/orders.ts'
import type { SessionState } from '../session/keep-session.ts'
import { authorizersHealth, someUnable } from './authorizers.ts'
import { bufferHealth } from './buffer.ts'
import { pagesHealth } from './pages.ts'

/** What an agent can say of itself at `now`, by the monotonic clock in milliseconds. */
export type AgentState = {
  readonly identity: Identity
  readonly name: string
  readonly version: string
  readonly now: number
  readonly session: SessionState
  /** Undefined: no plane asks for a certificate. */
  readonly membership?: MembershipState | undefined
  readonly instances: readonly InstanceState[]
  readonly pages: PagesState
  readonly wires: number
  readonly unacknowledged: number
  readonly buffer: BacklogState
  readonly lagMs: number
  readonly rssBytes: number
  readonly admissions: Readonly<
    Record<string, { readonly admission: string; readonly reason: string; readonly node?: boolean | undefined }>
  >
  /** What the plane wants of this agent itself, and what became of it. */
  readonly orders: OrdersState
  readonly authorizers: readonly AuthorizerState[]
}

/** The agent's own health: it works as long as it checks; without a session it works on, but nobody hears it. */
export function healthOf(state: AgentState) {
  const { now, session } = state
  const { state: contact, plane, replica, session: id, since, why, planes = [] } = session
  return {
    status: contact === 'connected' && !someUnable(state.authorizers) ? 'healthy' : 'warning',
    service: agentName,
    version: state.version,
    node: state.identity.node,
    name: state.name,
    incarnation: state.identity.incarnation,
    session: {
      state: contact,
      plane,
      replica,
      id,
      for_ms: Math.round(now - since),
      why,
      planes: planes.map(({ plane, failedAt }) => ({
        plane,
        ...(failedAt === undefined ? {} : { failed_ms_ago: Math.round(now - failedAt) }),
      })),
    },
    ...(state.membership ? { certificate: certificateOf(state.membership) } : {}),
    instances: state.instances.map(({ spec, verdict, at, checks, held }) => ({
      id: spec.id,
      service: spec.service,
      address: `${spec.address}:${spec.port}`,
      ...toldOf(verdict),
      for_ms: Math.round(now - at),
      flapping: held && { held_for_ms: Math.round(now - held.since), now: toldOf(held.found) },
      admission: state.admissions[spec.id],
      checks: checks.map(({ check, verdict, tookMs, probes, results }) => ({
        kind: check.probe.kind,
        ...toldOf(verdict),
        took_ms: tookMs === undefined ? undefined : tenths(tookMs),
        probes,
        results: results.map(({ at, verdict, tookMs, said }) => ({
          age_ms: Math.round(now - at),
          ...toldOf(verdict),
          took_ms: tenths(tookMs),
          said,
        })),
      })),
    })),
    orders: state.orders,
    ...(state.authorizers.length > 0 ? { authorizers: authorizersHealth(state.authorizers) } : {}),
    metrics: pagesHealth(state.pages, now),
    unacknowledged: state.unacknowledged,
    buffer: bufferHealth(state.buffer),
    wires: state.wires,
    lag_ms: state.lagMs,
  }
}

function certificateOf({ state, notAfter, why }: MembershipState) {
  return { state, until: notAfter === undefined ? undefined : new Date(notAfter).toISOString(), why }
}

function toldOf({ health, reason }: Verdict) {
  return { health, reason: reasonText(reason) }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
