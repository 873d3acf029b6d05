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
}

export type Machines = ReadonlyMap<string, Machine>

/** A node with its sign and the contact that follows from it. */
export type Watched = { readonly node: NodeBelief; readonly sign: Sign; readonly contact: Contact }

/** What its nodes together say of a machine, counted in one pass: ten thousand nodes are gone through several times a second. */
type Tally = { readonly site: string; inContact: boolean; wasInContact: boolean; left: boolean; unheard: boolean }

/**
 * The machines behind the nodes.
 * @param before the machines as they were, for the time at which each was lost
 * @param beatMs the time between two beats, with some room
 */
export function machinesOf(watched: Iterable<Watched>, before: Machines, now: number, beatMs: number): Machines {
  const tallies = new Map<string, Tally>()
  for (const { node, sign, contact } of watched) {
    const { machine, site } = node.spec
    const tally = tallies.getOrInsertComputed(machine, () => newTally(site))
    tally.inContact ||= contact === 'connected'
    tally.wasInContact ||= node.contact === 'connected'
    tally.left &&= sign.kind === 'gone' && sign.goodbye
    tally.unheard &&= isOverdue(sign, now, beatMs)
  }
  const machines = new Map<string, Machine>()
  for (const [id, tally] of tallies) machines.set(id, machineOf(id, tally, before.get(id), now))
  return machines
}

function newTally(site: string): Tally {
  return { site, inContact: false, wasInContact: false, left: true, unheard: true }
}

function machineOf(id: string, tally: Tally, before: Machine | undefined, now: number): Machine {
  const { site, inContact, wasInContact, left } = tally
  const overdue = inContact && tally.unheard
  // Lost before anybody looked: nobody knows when, but not now.
  const lostNow = before || wasInContact ? now : Number.NEGATIVE_INFINITY
  const lostAt = inContact ? undefined : (before?.lostAt ?? lostNow)
  const same = before?.site === site && before.lostAt === lostAt && before.left === left && before.overdue === overdue
  return same ? before : { id, site, lostAt, left, overdue }
}
