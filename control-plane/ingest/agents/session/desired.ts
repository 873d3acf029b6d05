import type { Desired } from '#shared/protocol/messages.ts'
import type { FleetView } from '../../../fleet/fleet.ts'

/** What is wanted of a node's instances that are not simply active. */
export function admissionsOf(
  node: string,
  fleet: Pick<FleetView, 'instances' | 'instancesOfNode'>,
): Desired['admissions'] {
  const admissions: Desired['admissions'] = {}
  for (const id of [...fleet.instancesOfNode(node)].sort()) {
    const instance = fleet.instances.get(id)
    if (instance?.origin !== 'agent' || instance.admission.state === 'active') continue
    const { state: admission, reason, by } = instance.admission
    admissions[id] = { admission, reason, by }
  }
  return admissions
}
