import { type Resource, type ResourceKind, resourceKinds } from './resource.ts'
import type { Snapshot } from './snapshot.ts'
import type { Subscription } from './subscription.ts'

/** Whether an Envoy has rejected what is offered under a name. */
type IsRejected = (kind: ResourceKind, name: string) => boolean
export type Subscriptions = Readonly<Record<ResourceKind, Subscription>>

/** Whether a route to a cluster may be sent to an Envoy: it has the cluster with its endpoints, or it will not have them. */
export function mayLeadTo(
  cluster: string,
  { cluster: clusters, endpoints }: Subscriptions,
  isRejected: IsRejected,
): boolean {
  if (!clusters.asked || isRejected('cluster', cluster)) return true
  return clusters.has(cluster) && (endpoints.has(cluster) || isRejected('endpoints', cluster))
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

/** Whether an Envoy has been sent everything that is offered. When it starts, it asks for one thing after the other. */
export function isWhole({ resources }: Snapshot, subscriptions: Subscriptions, isRejected: IsRejected): boolean {
  const isThere = (kind: ResourceKind, name: string) => {
    const { version, sent } = subscriptions[kind].held(name)
    if (version !== undefined || sent !== undefined || isRejected(kind, name)) return true
    // Nobody asks for the endpoints of a cluster that was not taken. Certificates are asked for once their listener is there, if it is taken.
    return kind === 'secret' || (kind === 'endpoints' && isRejected('cluster', name))
  }
  return resourceKinds.every((kind) => [...resources[kind].keys()].every((name) => isThere(kind, name)))
}
