import type { InstanceBelief } from '../../fleet/belief.ts'

/** What of the instances that a list does not name may go. */
export type MissingJudged = { readonly gone: readonly string[]; readonly held: readonly string[] }

export const guardLimits = { least: 5, share: 0.05 } as const

/**
 * Whether instances are gone that a whole list does not name. Where the list still has slices of their Service, those say so. Where it has
 * none of them, the Service was deleted, or the list is not of the cluster that it should be: more than max(5, 5%) of all wait for an operator.
 * @param missing not named in the list, by their ids
 * @param total how many the cluster had
 * @param named `<namespace>/<name>` of the Services that have slices in the list
 */
export function judgeMissing(
  missing: ReadonlyMap<string, Pick<InstanceBelief, 'spec'>>,
  total: number,
  named: ReadonlySet<string>,
): MissingJudged {
  const gone: string[] = []
  const inferred: string[] = []
  for (const [id, { spec }] of missing) {
    const { 'kubernetes-namespace': namespace, 'kubernetes-service': service } = spec.metadata
    if (named.has(`${namespace}/${service}`)) gone.push(id)
    else inferred.push(id)
  }
  const { least, share } = guardLimits
  if (inferred.length > Math.max(least, total * share)) return { gone, held: inferred }
  return { gone: [...gone, ...inferred], held: [] }
}
