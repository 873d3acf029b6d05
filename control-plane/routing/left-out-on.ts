import type { FleetView } from '../fleet/fleet.ts'
import type { LeftOutOf } from './choice-views.ts'
import type { Publisher } from './publisher.ts'

type Instances = Pick<FleetView, 'instances' | 'instancesOfService'>

/** Who of a service is not called by a gateway, and why. */
export function leftOutOn(gateway: string, publisher: Pick<Publisher, 'leftOut'>, fleet: Instances): LeftOutOf {
  return (service) => [...mayBeOf(service, fleet)].flatMap((id) => publisher.leftOut(id, service, gateway) ?? [])
}

/** A name that no instance has by itself is a pattern, a side of a split or a whole cluster: then any instance may be of it. */
function mayBeOf(service: string, fleet: Instances): Iterable<string> {
  const own = fleet.instancesOfService(service)
  return own.size > 0 ? own : fleet.instances.keys()
}
