import type { Admit } from '#shared/protocol/admit.ts'
import type { InstanceBelief } from '../../../fleet/belief.ts'

/** What a node may change of what it asks for. */
export type OwnAdmissions =
  | { readonly kind: 'foreign'; readonly instance: string }
  | {
      readonly kind: 'own'
      readonly change: readonly string[]
      /** What somebody else has ordered goes on: by instance, who. */
      readonly kept: Readonly<Record<string, string>>
    }

/**
 * Judges what an agent asks for: only instances of its own node, and never over an order of somebody else. Pure.
 * @param by as whom the node speaks: `agent:<node>`
 */
export function judgeOwn(
  { instances, admission }: Pick<Admit, 'instances' | 'admission'>,
  node: string,
  by: string,
  known: (instance: string) => Pick<InstanceBelief, 'node' | 'admission'> | undefined,
): OwnAdmissions {
  const change: string[] = []
  const kept: Record<string, string> = {}
  for (const instance of new Set(instances)) {
    const belief = known(instance)
    // One that is not known is told like one of another node: nobody learns what there is elsewhere.
    if (belief?.node !== node) return { kind: 'foreign', instance }
    const { state, by: whose } = belief.admission
    if (state !== 'active' && whose !== by) kept[instance] = whose
    else if (state !== 'active' || admission !== 'active') change.push(instance)
  }
  return { kind: 'own', change, kept }
}
