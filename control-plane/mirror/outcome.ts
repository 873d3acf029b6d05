import type { OperationError } from '../consul/operation.ts'
import type { NodeWrites, Write } from './batches.ts'

/** What follows from a transaction that was refused as a whole. */
export type Aftermath = {
  /** To be sent without the guilty. */
  readonly rest: readonly NodeWrites[]
  /** Somebody else was there first, or something it stands on is not there: to be decided anew, after a look. */
  readonly again: readonly NodeWrites[]
  /** Consul will not take it as it is. */
  readonly refused: readonly { readonly write: Write; readonly what: string }[]
}

/**
 * Takes the guilty out of a refused transaction, and what cannot be done without them.
 * @param errors each with the place of its operation in the transaction
 * @param fences how many operations stand before those of the nodes; they are not among the errors
 */
export function withoutGuilty(
  nodes: readonly NodeWrites[],
  errors: readonly OperationError[],
  fences: 0 | 1,
): Aftermath {
  const guilty = guiltyWrites(nodes, errors, fences)
  const rest: NodeWrites[] = []
  const again: NodeWrites[] = []
  const refused: { write: Write; what: string }[] = []
  for (const { node, writes } of nodes) {
    const named = writes.filter((write) => guilty.has(write))
    // Everything stands on the node's own record; a node goes only when all on it has gone.
    const stuck = named.some(isOfNode) ? writes : named.length > 0 ? writes.filter(removesNode) : []
    const later: Write[] = stuck.filter((write) => !guilty.has(write))
    for (const write of named) {
      const error = guilty.get(write)
      if (error?.kind === 'stale' || error?.kind === 'missing') later.push(write)
      else refused.push({ write, what: error?.what ?? '' })
    }
    if (later.length > 0) again.push({ node, writes: later })
    const innocent = writes.filter((write) => !guilty.has(write) && !stuck.includes(write))
    if (innocent.length > 0) rest.push({ node, writes: innocent })
  }
  return { rest, again, refused }
}

/** The writes whose operations are named; all of them if none is, or the same would be sent for ever. */
function guiltyWrites(
  nodes: readonly NodeWrites[],
  errors: readonly OperationError[],
  fences: 0 | 1,
): ReadonlyMap<Write, OperationError> {
  const byPlace = new Map(errors.map((error) => [error.index, error]))
  const guilty = new Map<Write, OperationError>()
  const all = nodes.flatMap(({ writes }) => writes)
  let place: number = fences
  for (const write of all) {
    for (const _ of write.steps) {
      const error = byPlace.get(place)
      if (error && !guilty.has(write)) guilty.set(write, error)
      place += 1
    }
  }
  if (guilty.size > 0) return guilty
  const { what, kind } = errors[0] ?? { what: 'refused without a reason', kind: 'invalid' }
  return new Map(all.map((write) => [write, { index: 0, what, kind }]))
}

function isOfNode({ unit }: Write): boolean {
  return unit.instance === undefined
}

function removesNode(write: Write): boolean {
  return write.kind === 'remove' && isOfNode(write)
}
