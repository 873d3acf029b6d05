import type { Resource, ResourceKind } from './resource.ts'
import type { Subscription } from './subscription.ts'

type Subscriptions = Readonly<Record<ResourceKind, Subscription>>

/**
 * Whether a route to a cluster may be sent to an Envoy: it has the cluster with its endpoints, or it will not have them.
 * @param isRejected whether it has rejected what is offered of the cluster, or of its endpoints
 */
export function mayLeadTo(
  cluster: string,
  { cluster: clusters, endpoints }: Subscriptions,
  isRejected: (kind: ResourceKind) => boolean,
): boolean {
  if (!clusters.asked || isRejected('cluster')) return true
  return clusters.has(cluster) && (endpoints.has(cluster) || isRejected('endpoints'))
}

/**
 * Whether a cluster may be taken away from an Envoy: no route that it has leads there any more.
 * @param current the routes that are offered now
 */
export function mayLeave(
  cluster: string,
  { routes, listener }: Subscriptions,
  current: ReadonlyMap<string, Resource>,
): boolean {
  // An Envoy that comes back says one after the other what it has: where there is a listener, there are routes.
  if (!routes.asked && (!listener.asked || listener.holdsAny)) return false
  for (const name of routes.heldNames()) {
    const { version, resource, sent } = routes.held(name)
    const offered = current.get(name)
    const known = version === offered?.version ? offered : resource
    // Routes from an earlier stream whose content nobody knows may lead anywhere.
    if (version !== undefined && (!known || known.targets.includes(cluster))) return false
    if (sent?.targets.includes(cluster)) return false
  }
  return true
}
