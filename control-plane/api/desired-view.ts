import type { Doing } from '#shared/protocol/orders.ts'
import type { DesiredView, DoneState, RestartView, SettingsNodesView } from '#shared/protocol/orders-api.ts'
import { admissionOf } from '../fleet/admission.ts'
import type { NodeBelief, NodeSpec } from '../fleet/belief.ts'
import { scopesOf, settingsOf } from '../fleet/documents.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RestartOrdered } from '../fleet/orders.ts'
import { isoTime } from './views.ts'

/** What the part of the plane that talks with agents knows of them. */
export type AgentsSaid = {
  /** What a node's agent said last that it does; `at` in epoch milliseconds. */
  readonly doing: (node: string) => { readonly doing: Doing; readonly at: number } | undefined
  /** The keys of the desired state that a node's agent takes; undefined: it has no session. */
  readonly takes: (node: string) => readonly string[] | undefined
}

const mostNotDone = 200

/** What a known node should do and what it says that it does. */
export function desiredView(node: string, fleet: FleetView, { doing, takes }: AgentsSaid): DesiredView | undefined {
  const known = fleet.nodes.get(node)
  if (!known) return undefined
  const said = doing(node)
  const does = said?.doing
  const stateOf = (key: string, isDone: (does: Doing) => boolean) => doneState(key, takes(node), does, isDone)
  const orders = fleet.orders.get(node)
  const logging = orders?.logging ?? null
  const admissions = admittedOn(node, fleet)
  const restarts = orders?.restarts ?? []
  return {
    node,
    node_name: known.spec.name,
    contact: known.contact,
    said_at: said ? isoTime(said.at) : null,
    logging: {
      state: stateOf('logging', ({ logging: is }) =>
        logging === null ? !is.ordered : is.ordered && is.level === logging.level,
      ),
      desired: logging && {
        level: logging.level,
        reason: logging.reason,
        by: logging.by,
        since: isoTime(logging.since),
        expires_at: timeOr(logging.expiresAt),
      },
      level: does?.logging.level ?? null,
    },
    settings: runningOf(known.spec, fleet, { doing, takes }),
    admissions: {
      state: stateOf('admissions', (is) => sameAdmissions(admissions, is.admissions)),
      desired: admissions,
    },
    ...gatewaysOf(known, does, (isDone) => stateOf('node', isDone)),
    restarts: {
      state: stateOf('restarts', () => restarts.every(({ outcome }) => outcome !== null)),
      allowed: does?.restarts.allowed ?? null,
      running: does?.restarts.running ?? null,
      orders: restarts.map((restart) => restartView(node, restart)),
    },
    probes_refused: does?.probesRefused ?? null,
  }
}

/** How the gateways on a node stand; nothing where there are none. */
function gatewaysOf(
  { spec, admission }: NodeBelief,
  does: Doing | undefined,
  stateOf: (isDone: (does: Doing) => boolean) => DoneState,
): Pick<DesiredView, 'gateways'> {
  // What its agent only looks at is named by the agent alone.
  const names = new Set([...spec.gateways.map(({ gateway }) => gateway), ...Object.keys(does?.drains ?? {})])
  if (names.size === 0) return {}
  const desired = admission?.state ?? 'active'
  const wanted = desired === 'active' ? 'serving' : 'drained'
  const isDone = ({ drains }: Doing) => [...names].every((gateway) => drains?.[gateway]?.state === wanted)
  return { gateways: { state: stateOf(isDone), desired, is: does?.drains ?? null } }
}

/** Which of the agents of a scope run what is held for them. */
export function settingsNodesView(scope: string, fleet: FleetView, said: AgentsSaid): SettingsNodesView {
  const view: SettingsNodesView = {
    counts: { done: 0, pending: 0, rejected: 0, unsupported: 0, unknown: 0 },
    not_done: [],
  }
  for (const { spec } of fleet.nodes.values()) {
    if (spec.machine === '' || !scopesOf(spec).includes(scope)) continue
    const { version, running, state, rejected } = runningOf(spec, fleet, said)
    view.counts[state] += 1
    if (state === 'done' || view.not_done.length >= mostNotDone) continue
    const problems = rejected?.version === version ? [...rejected.problems] : []
    view.not_done.push({ node: spec.id, node_name: spec.name, state, version, running, problems })
  }
  return view
}

export function restartView(node: string, restart: RestartOrdered): RestartView {
  const { id, name, reason, by, orderedAt, expiresAt, outcome, endedAt } = restart
  return {
    id,
    node,
    name,
    reason,
    by,
    ordered_at: isoTime(orderedAt),
    expires_at: isoTime(expiresAt),
    state: outcome?.state ?? 'open',
    code: outcome?.code ?? null,
    why: outcome?.why ?? '',
    output: outcome?.output ?? '',
    took_ms: outcome?.tookMs ?? null,
    ended_at: timeOr(endedAt),
  }
}

function runningOf(spec: NodeSpec, fleet: FleetView, { doing, takes }: AgentsSaid): DesiredView['settings'] {
  const { version, document } = settingsOf(spec, fleet.settings)
  const does = doing(spec.id)?.doing
  const rejected = does?.settings.rejected ?? null
  const state = doneState('settings', takes(spec.id), does, ({ settings }) => settings.version === version)
  return {
    state: state === 'pending' && rejected?.version === version ? 'rejected' : state,
    version,
    document: { ...document },
    running: does?.settings.version ?? null,
    rejected,
  }
}

function doneState(
  key: string,
  taken: readonly string[] | undefined,
  does: Doing | undefined,
  isDone: (does: Doing) => boolean,
): DoneState {
  if (taken && !taken.includes(key)) return 'unsupported'
  if (!does) return 'unknown'
  return isDone(does) ? 'done' : 'pending'
}

function admittedOn(node: string, fleet: FleetView): DesiredView['admissions']['desired'] {
  return [...fleet.instancesOfNode(node)].sort().flatMap((instance) => {
    const known = fleet.instances.get(instance)
    if (known?.origin !== 'agent') return []
    const { state: admission, reason, by, expiresAt, of } = admissionOf(known, fleet.nodes.get(node))
    if (admission === 'active') return []
    const order = { instance, admission, reason, by, expires_at: timeOr(expiresAt ?? null) }
    return [of === 'node' ? { ...order, node } : order]
  })
}

function sameAdmissions(
  wanted: DesiredView['admissions']['desired'],
  shown: Readonly<Record<string, string>>,
): boolean {
  return (
    wanted.length === Object.keys(shown).length &&
    wanted.every(({ instance, admission }) => shown[instance] === admission)
  )
}

function timeOr(at: number | null): string | null {
  return at === null ? null : isoTime(at)
}
