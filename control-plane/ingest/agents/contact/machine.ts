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

/**
 * The machines behind the nodes.
 * @param before the machines as they were, for the time at which each was lost
 * @param beatMs the time between two beats, with some room
 */
export function machinesOf(watched: Iterable<Watched>, before: Machines, now: number, beatMs: number): Machines {
  const byMachine = new Map<string, Watched[]>()
  for (const each of watched) {
    const nodes = byMachine.get(each.node.spec.machine)
    if (nodes) nodes.push(each)
    else byMachine.set(each.node.spec.machine, [each])
  }
  const machines = new Map<string, Machine>()
  for (const [id, nodes] of byMachine) machines.set(id, machineOf(id, nodes, before.get(id), now, beatMs))
  return machines
}

function machineOf(
  id: string,
  nodes: readonly Watched[],
  before: Machine | undefined,
  now: number,
  beatMs: number,
): Machine {
  const inContact = nodes.some(({ contact }) => contact === 'connected')
  // Lost before anybody looked: nobody knows when, but not now.
  const lostLongAgo = before === undefined && nodes.every(({ node }) => node.contact !== 'connected')
  return {
    id,
    site: nodes[0]?.node.spec.site ?? '',
    lostAt: inContact ? undefined : (before?.lostAt ?? (lostLongAgo ? Number.NEGATIVE_INFINITY : now)),
    left: nodes.every(({ sign }) => sign.kind === 'gone' && sign.goodbye),
    overdue: inContact && nodes.every(({ sign }) => isOverdue(sign, now, beatMs)),
  }
}
