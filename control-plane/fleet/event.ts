import type { Health, InstanceSpec } from '#shared/protocol/check.ts'
import type { Admission } from '#shared/protocol/messages.ts'
import type { Reason } from '#shared/protocol/reason.ts'
import type { Attachment, Contact, Death, ForeignSpec, ForeignVerdict, NodeSpec, Origin } from './belief.ts'
import type { DocumentEvent } from './documents.ts'
import type { OrderEvent } from './orders.ts'
import type { PastTold } from './told.ts'

/** Why an instance is no longer there. Deletion needs a cause; silence is none. */
export type DeregistrationCause = 'withdrawn' | 'client' | 'operator' | 'reaped'

/** Everything that can change what we believe of a node. */
export type NodeEvent =
  | { readonly kind: 'node-joined'; readonly node: NodeSpec }
  | {
      readonly kind: 'node-attached'
      readonly node: string
      readonly attachment: Attachment
      /** Which start of which agent it is: planes that hear of two at once must not be of two minds. */
      readonly agent?: { readonly machine: string; readonly incarnation: number }
    }
  | {
      readonly kind: 'contact-changed'
      readonly node: string
      readonly contact: Contact
      readonly session: string
      /** The agent ended its session itself, and said so. */
      readonly goodbye?: true
    }
  /** A hold ended and nobody could say whether it lives. */
  | { readonly kind: 'node-demoted'; readonly node: string }
  /** For all that is on it, and for what comes to it later. */
  | {
      readonly kind: 'node-admitted'
      readonly node: string
      readonly admission: Admission
      readonly reason: string
      /** null: until somebody says so. */
      readonly expiresAt: number | null
    }
  | { readonly kind: 'node-left'; readonly node: string }
  /** Whose it is, as an operator says; null: nobody's. */
  | { readonly kind: 'node-assigned'; readonly node: string; readonly tenant: string | null; readonly reason: string }
  /** What happened while no plane heard it, told later. It says nothing about what is now. */
  | ({ readonly kind: 'history-told'; readonly node: string } & PastTold)

/** Where an agent said it: if its node has another session by now, it comes too late and changes nothing. */
type Said = { readonly session?: string }

/** Everything that can change what we believe of an instance. */
export type InstanceEvent =
  | ({
      readonly kind: 'registered'
      readonly instance: string
      readonly spec: InstanceSpec
      readonly node: string
      readonly origin: Origin
      /** By whose token a client registered it; left out: by none that is bound. */
      readonly tenant?: string
    } & Said)
  | ({ readonly kind: 'judged'; readonly instance: string; readonly health: Health; readonly reason: Reason } & Said)
  | { readonly kind: 'death-confirmed'; readonly instance: string; readonly death: Omit<Death, 'at'> }
  | { readonly kind: 'fell-silent'; readonly instance: string }
  | {
      readonly kind: 'admitted'
      readonly instance: string
      readonly admission: Admission
      readonly reason: string
      readonly expiresAt: number | undefined
    }
  | ({ readonly kind: 'deregistered'; readonly instance: string; readonly cause: DeregistrationCause } & Said)

/** Everything that can change what we believe of a record of somebody else in a Consul. `foreign` is its `foreignId`. */
export type ForeignEvent =
  | ({ readonly kind: 'foreign-found'; readonly foreign: string; readonly spec: ForeignSpec } & ForeignVerdict)
  | ({ readonly kind: 'foreign-judged'; readonly foreign: string } & ForeignVerdict)
  | { readonly kind: 'foreign-gone'; readonly foreign: string }

/** Everything that concerns the whole installation. */
export type InstallationEvent =
  | { readonly kind: 'frozen'; readonly reason: string }
  | { readonly kind: 'thawed'; readonly reason: string }
  | {
      readonly kind: 'hold-begun'
      readonly site: string
      readonly machines: readonly string[]
      readonly until: number
      /** How many machines of the site were in contact before; left out in events from before it was told. */
      readonly of?: number
    }
  | {
      readonly kind: 'hold-ended'
      readonly site: string
      /** time: it was over, whoever was still away; contact: they are back. Left out in events from before it was told. */
      readonly why?: 'time' | 'contact'
      /** The hold that was judged: another one, or one that machines have joined since, goes on. Left out: whichever there is. */
      readonly judged?: { readonly since: number; readonly machines: number }
    }
  /** The journal was restored from a backup: after the revision `from` comes this one, and none of those between them. */
  | { readonly kind: 'restored'; readonly from: number; readonly backupAt: number }

export type Change = NodeEvent | InstanceEvent | ForeignEvent | InstallationEvent | OrderEvent | DocumentEvent

/**
 * A transition, as the journal keeps it. Beats are no events.
 *
 * `seen` is the revision of the event's subject that its author had before its eyes, 0 for a subject that was not there. If
 * the subject has changed since, the event changes nothing and its author decides anew. Left out where the event is true
 * whatever came before.
 */
export type FleetEvent = {
  readonly version: 1
  /** Epoch milliseconds of the plane that took it. */
  readonly at: number
  /** `agent:<node>`, `client:<id>`, `operator:<name>` or `plane:<run>`. */
  readonly by: string
  readonly seen?: number
  /** Whose its subject was when it was taken; left out: nobody's. Only this says who else may read it. */
  readonly tenant?: string
  readonly change: Change
}

/** An event with its place in the one order. */
export type JournalEntry = { readonly revision: number; readonly event: FleetEvent }

export type Subject =
  | { readonly kind: 'node'; readonly id: string }
  | { readonly kind: 'instance'; readonly id: string }
  | { readonly kind: 'foreign'; readonly id: string }
  /** What is asked of a node, by the node's id. */
  | { readonly kind: 'orders'; readonly id: string }
  /** What is held for agents, by scope. */
  | { readonly kind: 'settings'; readonly id: string }
  | { readonly kind: 'installation' }

/** Whose belief a change touches. */
export function subjectOf(change: Change): Subject {
  switch (change.kind) {
    case 'node-joined':
      return { kind: 'node', id: change.node.id }
    case 'node-attached':
    case 'contact-changed':
    case 'node-demoted':
    case 'node-admitted':
    case 'node-left':
    case 'node-assigned':
    case 'history-told':
      return { kind: 'node', id: change.node }
    case 'registered':
    case 'judged':
    case 'death-confirmed':
    case 'fell-silent':
    case 'admitted':
    case 'deregistered':
      return { kind: 'instance', id: change.instance }
    case 'foreign-found':
    case 'foreign-judged':
    case 'foreign-gone':
      return { kind: 'foreign', id: change.foreign }
    case 'log-level-ordered':
    case 'restart-ordered':
    case 'restart-ended':
      return { kind: 'orders', id: change.node }
    case 'settings-written':
      return { kind: 'settings', id: change.scope }
    case 'frozen':
    case 'thawed':
    case 'hold-begun':
    case 'hold-ended':
    case 'restored':
      return { kind: 'installation' }
  }
}
