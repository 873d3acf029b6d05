import type { SinkAnswer } from '../fleet/sink.ts'
import { diffNode } from './diff.ts'
import type { Ledger } from './ledger.ts'
import { checkIdOf, keyOf } from './names.ts'

type Explained = Pick<SinkAnswer, 'state' | 'remark'>

/**
 * What a datacenter shows of an instance, and why not what it should.
 * @param compared whether the datacenter was ever read
 */
export function explainInstance(id: string, ledger: Ledger, compared: boolean): Explained {
  if (!compared) return { state: 'unknown', remark: 'the datacenter has not been read yet' }
  const place = ledger.desired.placeOf(id)
  if (!place) return explainUnwanted(id, ledger)
  const wanted = ledger.desired.nodes.get(place.node)?.instances.get(place.key)
  const actual = ledger.actual.nodes.get(place.node)
  const found = actual?.services.get(place.key)
  const check = actual?.checks.get(keyOf(wanted?.check.id ?? checkIdOf(id)))
  const note = ledger.notes.get(place.node, place.key)
  if (note)
    return { state: found && note.kind !== 'yielded' ? 'different' : 'absent', remark: `${note.kind}: ${note.text}` }
  if (!found && wanted?.ifThere) return { state: 'absent', remark: 'not judged yet' }
  const changes = diffNode(
    place.node,
    ledger.desired.nodes.get(place.node),
    actual,
    ledger.context,
    new Set([place.key]),
  )
  if (!found) return { state: 'absent', remark: 'to be added' }
  if (changes.length > 0)
    return { state: 'different', remark: `shows ${check?.record.status ?? 'no health'}, to be changed` }
  return { state: 'shown', remark: `${check?.record.status ?? ''}: ${check?.record.output ?? ''}` }
}

function explainUnwanted(id: string, ledger: Ledger): Explained {
  const collision = ledger.desired.collisionOf(id)
  if (collision !== undefined) {
    return { state: 'absent', remark: `for Consul its id is the same as that of ${collision}` }
  }
  const merged = ledger.desired.mergedInto(id)
  if (merged !== undefined) return { state: 'shown', remark: explainMerged(merged, ledger) }
  const held = ledger.held.find(({ instance }) => instance === keyOf(id))
  if (held) return { state: 'different', remark: 'still there: its deletion waits for an operator' }
  return { state: 'absent', remark: 'not selected for this datacenter, or not known' }
}

function explainMerged(merged: string, { desired }: Ledger): string {
  return desired.isForeign(merged)
    ? `as ${merged}, the same address and port`
    : `as ${merged}, which an agent looks after`
}
