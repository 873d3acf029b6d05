import { isDeepStrictEqual } from 'node:util'
import type { Contact, NodeBelief } from '../../../fleet/belief.ts'
import { isOverdue, type Sign } from './contact.ts'

/** A machine with one or more nodes: what fails together. Times in milliseconds of a monotonic clock. */
export type Machine = {
  readonly id: string
  readonly site: string
  /** When the last of its nodes went out of contact; undefined: one is in contact. */
  readonly lostAt: number | undefined
  /** Its agents stopped and said so: nothing to wonder about. */
  readonly left: boolean
  /** In contact still, but none of its nodes was heard of lately. */
  readonly overdue: boolean
  /** The death of all that is on it is confirmed. */
  readonly dead: boolean
}

export type Machines = ReadonlyMap<string, Machine>

/** A node with its sign and the contact that follows from it. */
export type Watched = {
  readonly node: NodeBelief
  readonly sign: Sign
  readonly contact: Contact
  /** Its death is confirmed. */
  readonly dead: boolean
}

/** What a node says of its machine. */
export type NodeSign = {
  readonly inContact: boolean
  /** By what was believed so far. */
  readonly wasInContact: boolean
  /** Its agent stopped and said so. */
  readonly left: boolean
  readonly unheard: boolean
  readonly dead: boolean
}

/** @param beatMs the time between two beats, with some room */
export function nodeSign({ node, sign, contact, dead }: Watched, now: number, beatMs: number): NodeSign {
  return {
    inContact: contact === 'connected',
    wasInContact: node.contact === 'connected',
    left: hasLeft(node, sign),
    unheard: isOverdue(sign, now, beatMs),
    dead,
  }
}

/** Whether its agent stopped and said so: to this plane, or to another one or a process before, which has it on record. */
export function hasLeft({ goodbye }: Pick<NodeBelief, 'goodbye'>, sign: Sign): boolean {
  if (sign.kind === 'gone') return sign.goodbye
  return sign.kind !== 'live' && goodbye === true
}

/** What its nodes together say of a machine; the same object as before if that is the same. */
export function machineOf(
  { id, site }: { readonly id: string; readonly site: string },
  nodes: Iterable<NodeSign>,
  before: Machine | undefined,
  now: number,
): Machine {
  let [inContact, wasInContact, left, unheard, dead] = [false, false, true, true, true]
  for (const node of nodes) {
    inContact ||= node.inContact
    wasInContact ||= node.wasInContact
    left &&= node.left
    unheard &&= node.unheard
    dead &&= node.dead
  }
  const overdue = inContact && unheard
  // Lost before anybody looked: nobody knows when, but not now.
  const lostNow = before || wasInContact ? now : Number.NEGATIVE_INFINITY
  const lostAt = inContact ? undefined : (before?.lostAt ?? lostNow)
  const machine = { id, site, lostAt, left, overdue, dead }
  return before && isDeepStrictEqual(before, machine) ? before : machine
}
