import { isDeepStrictEqual } from 'node:util'
import { sameReason } from '#shared/protocol/reason.ts'
import type { InstanceBelief, NodeBelief } from '../../fleet/belief.ts'
import type { Proposal } from '../proposal.ts'
import type { Wanted } from './instance.ts'

/** What an admission says that Kubernetes asked for. */
export const terminatingReason = 'its Pod is terminating'

/** The author of what comes from a cluster. */
export function authorOf(cluster: string): string {
  return `kubernetes:${cluster}`
}

/** Whether an instance comes from a cluster: only that may change it. */
export function isOf(
  author: string,
  { origin, registeredBy }: Pick<InstanceBelief, 'origin' | 'registeredBy'>,
): boolean {
  return origin === 'kubernetes' && registeredBy === author
}

/**
 * The next changes that make what is believed of an instance what its cluster says of it; none where both are the same. What follows from
 * a registration is told once that is believed.
 * @param known undefined: it is not there
 * @param wanted undefined: its cluster says that it is gone
 */
export function differences(
  author: string,
  id: string,
  known: InstanceBelief | undefined,
  wanted: Wanted | undefined,
  node: NodeBelief | undefined,
): readonly Proposal[] {
  const seen = known?.revision ?? 0
  // An id of somebody else's is his.
  if (known && !isOf(author, known)) return []
  if (!wanted) return known ? [{ change: { kind: 'deregistered', instance: id, cause: 'withdrawn' }, seen }] : []
  const proposals: Proposal[] = []
  if (!node || !isSameNode(node, wanted)) {
    proposals.push({ change: { kind: 'node-joined', node: nodeSpec(node, wanted) }, seen: node?.revision ?? 0 })
  }
  const { spec, health, reason, draining } = wanted
  if (!known || known.node !== wanted.node.id || !isDeepStrictEqual(known.spec, spec)) {
    proposals.push({
      change: { kind: 'registered', instance: id, spec, node: wanted.node.id, origin: 'kubernetes' },
      seen,
    })
    return proposals
  }
  if (known.health !== health || !sameReason(known.reason, reason) || known.death) {
    return [...proposals, { change: { kind: 'judged', instance: id, health, reason }, seen }]
  }
  const { admission } = known
  // What an operator ordered stays as it is.
  const isOurs = admission.by === author
  if (draining && admission.state === 'active') {
    const change = { kind: 'admitted', instance: id, admission: 'draining', reason: terminatingReason } as const
    proposals.push({ change: { ...change, expiresAt: undefined }, seen })
  } else if (!draining && isOurs && admission.state === 'draining') {
    const change = { kind: 'admitted', instance: id, admission: 'active', reason: 'its Pod is there again' } as const
    proposals.push({ change: { ...change, expiresAt: undefined }, seen })
  }
  return proposals
}

/** Of several Pods on a Node only some may have told its address: one that is known is kept. */
function nodeSpec(node: NodeBelief | undefined, { node: spec }: Wanted) {
  return spec.address === '' && node ? { ...spec, address: node.spec.address } : spec
}

function isSameNode(node: NodeBelief, wanted: Wanted): boolean {
  const next = nodeSpec(node, wanted)
  const { spec } = node
  // What an agent says of its own node is not for a cluster to change.
  if (spec.machine !== '') return true
  return spec.name === next.name && spec.site === next.site && spec.address === next.address
}
