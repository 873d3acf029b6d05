import type { Desired } from '#shared/protocol/messages.ts'
import { admissionOf } from '../../../fleet/admission.ts'
import { settingsOf } from '../../../fleet/documents.ts'
import type { FleetView } from '../../../fleet/fleet.ts'

/** What nearly all nodes are told, once for all of them. */
export const nothing: Readonly<Record<string, never>> = Object.freeze({})
const active: NonNullable<Desired['node']> = Object.freeze({ admission: 'active', by: '', reason: '' })
const usualLogging: NonNullable<Desired['logging']> = Object.freeze({ level: null, by: '', reason: '' })
const nothingHeld: NonNullable<Desired['settings']> = Object.freeze({ version: '', document: {} })

/** What is wanted of a node's instances that are not simply active. */
export function admissionsOf(
  node: string,
  fleet: Pick<FleetView, 'instances' | 'nodes' | 'instancesOfNode'>,
): Desired['admissions'] {
  const admissions: NonNullable<Desired['admissions']> = {}
  for (const id of [...fleet.instancesOfNode(node)].sort()) {
    const instance = fleet.instances.get(id)
    if (instance?.origin !== 'agent') continue
    const { state: admission, reason, by, expiresAt, of } = admissionOf(instance, fleet.nodes.get(node))
    if (admission === 'active') continue
    const until = expiresAt === undefined ? {} : { until: new Date(expiresAt).toISOString() }
    admissions[id] = { admission, reason, by, ...until, ...(of === 'node' ? { node: true } : {}) }
  }
  return orNothing(admissions)
}

type Orders = Pick<FleetView, 'orders'>

/** How a node is admitted as a whole. @param now epoch milliseconds */
export function nodeOrderOf(
  node: string,
  { nodes }: Pick<FleetView, 'nodes'>,
  now: number,
): NonNullable<Desired['node']> {
  const order = nodes.get(node)?.admission
  if (!order) return active
  const { state: admission, by, reason, expiresAt } = order
  return { admission, by, reason, ...endsOf(expiresAt ?? null, now) }
}

/** How much a node's agent is to log. @param now epoch milliseconds */
export function loggingOf(node: string, { orders }: Orders, now: number): NonNullable<Desired['logging']> {
  const logging = orders.get(node)?.logging
  if (!logging) return usualLogging
  const { level, by, reason, expiresAt } = logging
  return { level, by, reason, ...endsOf(expiresAt, now) }
}

/**
 * The restarts that a node's agent has not answered yet; those too whose time is over: it may have run them before.
 * @param now epoch milliseconds
 */
export function restartsOf(node: string, { orders }: Orders, now: number): NonNullable<Desired['restarts']> {
  const ordered = orders.get(node)?.restarts
  if (!ordered) return nothing
  const open = ordered.filter(({ outcome }) => !outcome || outcome.state === 'expired')
  return Object.fromEntries(
    open.map(({ id, name, by, reason, expiresAt }) => [id, { name, by, reason, ...endsOf(expiresAt, now) }]),
  )
}

/** The settings that are held for a node's agent. */
export function heldFor(node: string, fleet: Pick<FleetView, 'nodes' | 'settings'>): NonNullable<Desired['settings']> {
  const spec = fleet.nodes.get(node)?.spec
  if (!spec) return nothingHeld
  const { version, document } = settingsOf(spec, fleet.settings)
  return version === '' ? nothingHeld : { version, document: { ...document } }
}

/** Itself, but the one that all share if there is nothing in it. */
export function orNothing<T>(values: Record<string, T>): Record<string, T> {
  for (const _ in values) return values
  return nothing
}

function endsOf(expiresAt: number | null, now: number) {
  return expiresAt === null ? {} : { until: new Date(expiresAt).toISOString(), leftMs: Math.max(0, expiresAt - now) }
}
