import type { AdmissionRequest, ChangeView, FreezeRequest } from '#shared/protocol/change-api.ts'
import { admissionOf } from '../fleet/admission.ts'
import type { InstallationEvent } from '../fleet/event.ts'
import type { FleetView, Outcome } from '../fleet/fleet.ts'
import type { RecordChange, RecordOptions } from '../fleet/record.ts'
import { changedMeanwhile } from './version.ts'

type Parts = { readonly fleet: FleetView; readonly record: RecordChange }

/**
 * Changes the admission of an instance by an operator's word. True whatever came before, so it names no `seen`, unless it is to hold for
 * what the operator saw only: then `present` is what there is now. Throws a 412 refusal if that has changed meanwhile.
 */
export async function admit(
  instance: string,
  request: AdmissionRequest,
  now: number,
  { fleet, record }: Parts,
  present?: () => object,
): Promise<ChangeView> {
  const { admission, reason } = request
  const options = optionsOf(request, present && fleet.instances.get(instance)?.revision)
  const outcome = await record(
    { kind: 'admitted', instance, admission, reason, expiresAt: endOf(request, now) },
    options,
  )
  if (present && outcome === 'overtaken') throw changedMeanwhile(present())
  return viewOf(outcome, [instance], admission, fleet)
}

/** The same for a node: for all that is on it, and for what comes to it later. */
export async function admitNode(
  node: string,
  request: AdmissionRequest,
  now: number,
  { fleet, record }: Parts,
  present?: () => object,
): Promise<ChangeView> {
  const { admission, reason } = request
  const options = optionsOf(request, present && fleet.nodes.get(node)?.revision)
  const change = { kind: 'node-admitted', node, admission, reason, expiresAt: endOf(request, now) ?? null } as const
  const outcome = await record(change, options)
  if (present && outcome === 'overtaken') throw changedMeanwhile(present())
  return viewOf(outcome, [...fleet.instancesOfNode(node)].sort(), admission, fleet)
}

function endOf({ admission, expires_in_ms }: AdmissionRequest, now: number): number | undefined {
  return admission === 'active' || expires_in_ms === undefined ? undefined : now + expires_in_ms
}

function optionsOf({ by }: AdmissionRequest, seen: number | undefined): RecordOptions {
  return { by: `operator:${by}`, ...(seen === undefined ? {} : { seen }) }
}

function viewOf(
  outcome: Outcome,
  instances: readonly string[],
  wanted: AdmissionRequest['admission'],
  fleet: FleetView,
): ChangeView {
  const otherwise = instances.flatMap((instance) => {
    const known = fleet.instances.get(instance)
    const { state, of } = known ? admissionOf(known, fleet.nodes.get(known.node)) : { state: wanted }
    if (!known || state === wanted) return []
    return [{ instance, admission: state, ...(of === 'node' ? { node: known.node } : {}) }]
  })
  const view = { changed: outcome === 'changed', revision: fleet.revision, instances: [...instances] }
  return otherwise.length === 0 ? view : { ...view, otherwise }
}

/** Stops all writers, removals too, or lets them go on. @param present as for `admit` */
export async function freezeOrThaw(
  kind: 'frozen' | 'thawed',
  { reason, by }: FreezeRequest,
  { fleet, record }: Parts,
  present?: () => object,
): Promise<ChangeView> {
  const change: InstallationEvent = { kind, reason }
  const seen = present ? { seen: fleet.installation.revision } : {}
  const outcome = await record(change, { by: `operator:${by}`, ...seen })
  if (present && outcome === 'overtaken') throw changedMeanwhile(present())
  return { changed: outcome === 'changed', revision: fleet.revision }
}
