import type { Health, InstanceSpec } from '#shared/protocol/check.ts'
import type { Admission, Desired } from '#shared/protocol/messages.ts'
import type { Reason } from '#shared/protocol/reason.ts'
import type { ToldSoFar } from './told.ts'

export type { Admission, Desired, Health }

/**
 * Whether we hear of a node. `none`: it has no agent, so there is nothing to hear.
 * Never to be mixed with health: a silent agent says nothing about its servers.
 */
export type Contact = 'connected' | 'suspect' | 'lost' | 'none'

/** What was registered of a node without an agent, beyond its name and place. */
export type NodeAsRegistered = {
  readonly type: 'management' | 'worker' | 'gateway'
  readonly port: number | null
  readonly status: 'active' | 'inactive' | 'maintenance'
  /** Any JSON. */
  readonly capabilities: unknown
  readonly resources: unknown
}

/** What a node is, as its agent's hello (or a client's registration) says it. */
export type NodeSpec = {
  readonly id: string
  /** Display name, any UTF-8. */
  readonly name: string
  /** Which machine it runs on; empty for nodes without an agent. */
  readonly machine: string
  readonly incarnation: number
  /** Where others reach it; empty if not known. */
  readonly address: string
  readonly site: string
  readonly cluster: string
  /** The agent's version; empty without one. */
  readonly version: string
  readonly gateways: readonly { readonly gateway: string; readonly proxy: 'nginx' | 'envoy' }[]
  /** The gateways for whose proxies its agent checks tokens; left out: none. */
  readonly authorizers?: readonly string[] | undefined
  /** Only without an agent. */
  readonly registered?: NodeAsRegistered
  /** Whose it is, as its certificate or the token by which it was registered says; left out: nobody's. */
  readonly tenant?: string
}

/** Which replica holds a node's session. */
export type Attachment = { readonly replica: string; readonly session: string }

export type NodeBelief = {
  readonly spec: NodeSpec
  readonly contact: Contact
  /** Epoch milliseconds, by the plane's clock at the time; for people, never for judgement. */
  readonly contactSince: number
  readonly attachment: Attachment | undefined
  /** Its agent is gone because it was stopped, and said so. */
  readonly goodbye?: true
  /** A hold over it ended while it was still lost and unconfirmed. */
  readonly demoted: boolean
  readonly joinedAt: number
  /** What an operator ordered for all that is on it, now and later; left out: nothing, so each instance has its own. */
  readonly admission?: TakenOut
  /** How far its agent has told what happened while no plane heard it; left out: nothing. */
  readonly told?: ToldSoFar
  /** Whose an operator said that it is; left out: nobody said so. What its certificate says goes before. */
  readonly assigned?: string
  /** The number of the last change of this node. */
  readonly revision: number
}

/** Who looks after an instance: only they, or an operator, may change it. */
export type Origin = 'agent' | 'client' | 'kubernetes'

export type Death = {
  /** refused: the plane or two machines were refused. timeout: no vantage got an answer. */
  readonly how: 'refused' | 'timeout'
  readonly vantages: readonly string[]
  readonly at: number
}

export type Admitted = {
  readonly state: Admission
  readonly reason: string
  readonly by: string
  readonly since: number
  readonly expiresAt: number | undefined
}

/** An order that takes something out of service. */
export type TakenOut = Admitted & { readonly state: Exclude<Admission, 'active'> }

export type InstanceBelief = {
  readonly spec: InstanceSpec
  readonly node: string
  readonly origin: Origin
  /** Who registered it: `agent:<node>` or `client:<...>`. */
  readonly registeredBy: string
  readonly registeredAt: number
  readonly health: Health
  readonly reason: Reason
  readonly healthSince: number
  /** Only without an agent: its heartbeat expired. */
  readonly silent: boolean
  readonly death: Death | undefined
  readonly admission: Admitted
  /** By whose token a client registered it; left out: by none that is bound, so it belongs to whom its node does. */
  readonly tenant?: string
  /** The number of the last change of this instance. */
  readonly revision: number
}

/** A service that somebody else registered in a Consul datacenter. */
export type ForeignSpec = {
  /** Together with the node and the id there: which record it is. */
  readonly datacenter: string
  readonly node: string
  readonly id: string
  readonly service: string
  /** Where others reach it: the address of the record, or its node's where that is empty or leads nowhere. */
  readonly address: string
  readonly nodeAddress: string
  readonly port: number
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  /** As Consul counts: 1 is normal. */
  readonly weight: number
}

/** What its Consul says of it. It is listed and copied, but never routed. */
export type ForeignVerdict = {
  readonly health: Exclude<Health, 'unknown'>
  /** The id of the check that is worst; empty: all pass. */
  readonly check: string
}

export type ForeignBelief = ForeignVerdict & {
  readonly spec: ForeignSpec
  readonly foundAt: number
  readonly healthSince: number
  /** The number of the last change of this record. */
  readonly revision: number
}

/** What tells foreign records apart; different records have different ones, and no instance of ours has such an id. */
export function foreignId({ datacenter, node, id }: Pick<ForeignSpec, 'datacenter' | 'node' | 'id'>): string {
  return [datacenter, node, id].map((part) => part.replaceAll('%', '%25').replaceAll('/', '%2F')).join('/')
}

export type Hold = {
  readonly site: string
  readonly machines: readonly string[]
  readonly since: number
  /** When it ends at the latest. */
  readonly until: number
}

/** What concerns the whole installation. */
export type InstallationBelief = {
  readonly frozen: { readonly by: string; readonly reason: string; readonly since: number } | undefined
  /** By site. */
  readonly holds: ReadonlyMap<string, Hold>
  readonly revision: number
}

export const nothingHeld: InstallationBelief = { frozen: undefined, holds: new Map(), revision: 0 }
