import type { Admitted, InstanceBelief, NodeBelief } from './belief.ts'

/** How an instance is admitted, all in all, and whose order that is. */
export type EffectiveAdmission = Admitted & { readonly of: 'instance' | 'node' }

/**
 * An order for the instance itself goes before one for its whole node; where neither takes it out of service it is active.
 * @param node the node that the instance is on; undefined where it is not known
 */
export function admissionOf(
  { admission }: Pick<InstanceBelief, 'admission'>,
  node: Pick<NodeBelief, 'admission'> | undefined,
): EffectiveAdmission {
  if (admission.state !== 'active' || !node?.admission) return { ...admission, of: 'instance' }
  return { ...node.admission, of: 'node' }
}

type Ordered = Pick<Admitted, 'state' | 'reason' | 'expiresAt'>

/** Whether an order says what holds already. */
export function sameOrder(a: Ordered, b: Ordered): boolean {
  return a.state === b.state && a.reason === b.reason && a.expiresAt === b.expiresAt
}
