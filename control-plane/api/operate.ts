import type { AdmissionRequest, ChangeView, FreezeRequest } from '#shared/protocol/api.ts'
import type { InstallationEvent } from '../fleet/event.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import { Refusal } from './problem.ts'
import { changedMeanwhile } from './version.ts'

type Parts = { readonly fleet: FleetView; readonly record: RecordChange }

/**
 * Changes the admission of instances by an operator's word. True whatever came before, so it names no `seen`, unless it is to hold for
 * what the operator saw only: then `present` is what there is now.
 * Throws a 404 refusal if one of them is not known, and a 412 refusal if one has changed meanwhile.
 */
export async function admit(
  instances: readonly string[],
  { admission, reason, by, expires_in_ms }: AdmissionRequest,
  now: number,
  { fleet, record }: Parts,
  present?: () => object,
): Promise<ChangeView> {
  for (const id of instances) if (!fleet.instances.has(id)) throw new Refusal(404, `There is no instance ${id}.`)
  const expiresAt = admission === 'active' || expires_in_ms === undefined ? undefined : now + expires_in_ms
  const outcomes = await Promise.all(
    instances.map((instance) => {
      const seen = present ? fleet.instances.get(instance)?.revision : undefined
      const options = { by: `operator:${by}`, ...(seen === undefined ? {} : { seen }) }
      return record({ kind: 'admitted', instance, admission, reason, expiresAt }, options)
    }),
  )
  if (present && outcomes.includes('overtaken')) throw changedMeanwhile(present())
  return { changed: outcomes.includes('changed'), revision: fleet.revision, instances: [...instances] }
}

/** The instances of a node. Throws a 404 refusal if the node is not known. */
export function instancesOf(node: string, fleet: FleetView): readonly string[] {
  if (!fleet.nodes.has(node)) throw new Refusal(404, `There is no node ${node}.`)
  return [...fleet.instancesOfNode(node)].sort()
}

/** Stops all writers, removals too, or lets them go on. */
export async function freezeOrThaw(
  kind: 'frozen' | 'thawed',
  { reason, by }: FreezeRequest,
  { fleet, record }: Parts,
): Promise<ChangeView> {
  const change: InstallationEvent = { kind, reason }
  const outcome = await record(change, { by: `operator:${by}` })
  return { changed: outcome === 'changed', revision: fleet.revision }
}
