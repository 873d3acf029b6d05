import { type Reason, reason } from '#shared/protocol/reason.ts'
import type { InstanceBelief, NodeBelief } from '../../fleet/belief.ts'
import type { Standing } from '../../fleet/routable.ts'
import type { ServicePolicy } from '../declaration/declaration.ts'
import { isIp } from '../declaration/texts.ts'
import type { Endpoint } from '../table.ts'

/** An instance that may be called, before its service's other instances are looked at. */
export type Candidate = Omit<Endpoint, 'priority'> & {
  /** Only when nothing better is left. */
  readonly last: boolean
  /** Of a cluster that only stands in for another one; left out: it does not. */
  readonly standsIn?: true
}

export type Judgement =
  | { readonly kind: 'candidate'; readonly candidate: Candidate }
  | { readonly kind: 'left-out'; readonly reason: Reason }

/** Whether an instance may be called at all, and if not, why. */
export function judge(
  { spec }: InstanceBelief,
  node: NodeBelief | undefined,
  standing: Standing,
  policy: ServicePolicy,
): Judgement {
  const leftOut = (why: Reason): Judgement => ({ kind: 'left-out', reason: why })
  if (standing.routable === 'no') return leftOut(standing.reason)
  const cluster = spec.cluster ?? node?.spec.cluster ?? ''
  if (policy.cluster !== undefined && cluster !== policy.cluster) return leftOut(reason('other_cluster', { cluster }))
  const weight = spec.weight ?? 100
  if (weight === 0) return leftOut(reason('no_weight'))
  // A proxy resolves no names: one that does not resolve would cost the whole service its updates.
  if (!isIp(spec.address)) return leftOut(reason('unreachable', { error: 'its address is not an IP address' }))
  const { id: instance, address, port } = spec
  const site = node?.spec.site ?? ''
  return {
    kind: 'candidate',
    candidate: { instance, address, port, weight, site, last: standing.routable === 'last' },
  }
}
