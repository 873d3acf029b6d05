import type { InstanceBelief } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import { instanceVersion, namesVersion } from '../../fleet/versions.ts'
import { Refusal } from './refusal.ts'
import { rowOf } from './row.ts'

/** The versions that a change holds for, as its `If-Match` says; undefined: for any. */
export type Condition = string | undefined

type Parts = {
  readonly fleet: FleetView
  readonly beats: { readonly lastOf: (instance: string) => number | undefined }
}

/**
 * Throws a 412 refusal, with what there is now, if a change is not to be made of that. What comes between this and the change has to be
 * noticed by the revision that the change names.
 * @param instance undefined: there is none
 */
export function needVersion(condition: Condition, instance: InstanceBelief | undefined, parts: Parts): void {
  if (condition === undefined) return
  if (instance && namesVersion(condition, instanceVersion(instance.spec.id, parts.fleet))) return
  const current = instance && currentOf(instance, parts)
  throw new Refusal(
    412,
    instance ? `${instance.spec.id} has changed since it was read` : 'it is not registered',
    [],
    current ? { code: 'VERSION_CHANGED', current } : { code: 'VERSION_CHANGED' },
  )
}

function currentOf(instance: InstanceBelief, { fleet, beats }: Parts): object | undefined {
  const { id } = instance.spec
  const standing = fleet.standing(id)
  return standing && rowOf(instance, standing, fleet.nodes.get(instance.node), beats.lastOf(id))
}
