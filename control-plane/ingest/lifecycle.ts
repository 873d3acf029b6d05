import type { FleetView } from '../fleet/fleet.ts'
import type { Proposal } from './proposal.ts'

type Beliefs = Pick<FleetView, 'instances' | 'nodes' | 'instancesOfNode'>

/** Drains and the like whose time is over: those instances and nodes are active again. @param now epoch milliseconds */
export function expired(fleet: Pick<FleetView, 'instances' | 'nodes'>, now: number): readonly Proposal[] {
  const proposals: Proposal[] = []
  for (const { spec, admission, revision } of fleet.instances.values()) {
    if (admission.state === 'active' || admission.expiresAt === undefined || admission.expiresAt > now) continue
    const change = {
      kind: 'admitted',
      instance: spec.id,
      admission: 'active',
      reason: 'expired',
      expiresAt: undefined,
    } as const
    proposals.push({ change, seen: revision })
  }
  for (const { spec, admission, revision } of fleet.nodes.values()) {
    if (admission?.expiresAt === undefined || admission.expiresAt > now) continue
    const change = {
      kind: 'node-admitted',
      node: spec.id,
      admission: 'active',
      reason: 'expired',
      expiresAt: null,
    } as const
    proposals.push({ change, seen: revision })
  }
  return proposals
}

export type ReapLimits = {
  /** An instance whose death was confirmed so long ago. */
  readonly deadForMs: number
  /** A client that is silent and was not heard of for so long. */
  readonly silentForMs: number
}

/**
 * What is deregistered because it has been gone for long: instances confirmed dead, clients that went silent, and nodes out of
 * contact (or without an agent) that nothing is left of, unless an order holds for them. Mere silence of an agent is no cause.
 * @param now epoch milliseconds
 * @param heardAt when a client was last heard of, epoch milliseconds; undefined: not known, so it stays
 */
export function reapable(
  fleet: Beliefs,
  now: number,
  limits: ReapLimits,
  heardAt: (instance: string) => number | undefined,
): readonly Proposal[] {
  const proposals: Proposal[] = []
  for (const [instance, { death, silent, revision }] of fleet.instances) {
    const heard = silent ? heardAt(instance) : undefined
    const dead = death !== undefined && now - death.at >= limits.deadForMs
    const gone = heard !== undefined && now - heard >= limits.silentForMs
    if (dead || gone) proposals.push({ change: { kind: 'deregistered', instance, cause: 'reaped' }, seen: revision })
  }
  for (const [node, { contact, contactSince, admission, revision }] of fleet.nodes) {
    // It would come back as if nobody had taken it out of service.
    if (admission) continue
    const away = contact === 'lost' || contact === 'none'
    if (!away || fleet.instancesOfNode(node).size > 0 || now - contactSince < limits.deadForMs) continue
    proposals.push({ change: { kind: 'node-left', node }, seen: revision })
  }
  return proposals
}
