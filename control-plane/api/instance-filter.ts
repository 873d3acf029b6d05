import type { InstancesQuery } from '#shared/protocol/api.ts'
import type { InstanceBelief } from '../fleet/belief.ts'
import type { FleetView } from '../fleet/fleet.ts'

type Test = (instance: InstanceBelief) => boolean

/** Whether an instance fits what a caller filters by. */
export function instanceFilter(query: InstancesQuery, fleet: FleetView): (id: string) => boolean {
  const tests = [...testsOf(query, fleet)]
  return (id) => {
    const instance = fleet.instances.get(id)
    return instance !== undefined && tests.every((fits) => fits(instance))
  }
}

/** The few, in order, that the index of services or nodes leaves to look at; undefined: all. */
export function candidates({ service, node }: InstancesQuery, fleet: FleetView): readonly string[] | undefined {
  if (service !== undefined) return [...fleet.instancesOfService(service)].sort()
  return node === undefined ? undefined : [...fleet.instancesOfNode(node)].sort()
}

function* testsOf(query: InstancesQuery, fleet: FleetView): Generator<Test> {
  const { service, node, site, tag, origin, status, routable } = query
  const nodeOf = (instance: InstanceBelief) => fleet.nodes.get(instance.node)?.spec
  if (service !== undefined) yield ({ spec }) => spec.service === service
  if (node !== undefined) yield (instance) => instance.node === node
  if (site !== undefined) yield (instance) => nodeOf(instance)?.site === site
  if (tag !== undefined) yield ({ spec }) => spec.tags.includes(tag)
  if (origin !== undefined) yield (instance) => instance.origin === origin
  if (status !== undefined) yield ({ spec }) => fleet.standing(spec.id)?.status === status
  if (routable !== undefined) yield ({ spec }) => fleet.standing(spec.id)?.routable === routable
  for (const cluster of given(query.cluster, query.cluster_id)) {
    yield (instance) => (instance.spec.cluster ?? nodeOf(instance)?.cluster ?? '') === cluster
  }
  for (const type of given(query.type, query.service_type)) yield ({ spec }) => spec.type === type
  for (const health of given(query.health, query.health_status)) {
    // The registry API says healthy for it.
    const wanted = health === 'healthy' ? 'passing' : health
    yield (instance) => instance.health === wanted
  }
}

function given<T>(...values: readonly (T | undefined)[]): readonly T[] {
  return values.filter((value) => value !== undefined)
}
