import type { Health, InstanceSpec } from '#shared/protocol/check.ts'
import type { Admission, Desired } from '#shared/protocol/messages.ts'
import type { Reason } from '#shared/protocol/reason.ts'

export type { Admission, Desired, Health }

/**
 * Whether we hear of a node. `none`: it has no agent, so there is nothing to hear.
 * Never to be mixed with health: a silent agent says nothing about its servers.
 */
export type Contact = 'connected' | 'suspect' | 'lost' | 'none'

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
  readonly gateways: readonly { readonly gateway: string; readonly proxy: 'nginx' }[]
}

/** Which replica holds a node's session. */
export type Attachment = { readonly replica: string; readonly session: string }

export type NodeBelief = {
  readonly spec: NodeSpec
  readonly contact: Contact
  /** Epoch milliseconds, by the plane's clock at the time; for people, never for judgement. */
  readonly contactSince: number
  readonly attachment: Attachment | undefined
  /** A hold over it ended while it was still lost and unconfirmed. */
  readonly demoted: boolean
  readonly joinedAt: number
  /** The number of the last change of this node. */
  readonly revision: number
}

/** Who looks after an instance: only they, or an operator, may change it. */
export type Origin = 'agent' | 'client'

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
  /** The number of the last change of this instance. */
  readonly revision: number
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
