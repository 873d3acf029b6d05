import { servicesOf } from '../table/services-of.ts'
import type { RouteTable, Service } from '../table.ts'
import { toAuthorizerCluster } from './cluster/authorizer.ts'
import { toCluster } from './cluster.ts'
import type { EnvoyDefinitions } from './definitions.ts'
import { LoadAssignmentEncoder } from './encode-load-assignment.ts'
import { authorizerCluster } from './filters/authorizer.ts'
import { toListener } from './listener.ts'
import { messageOf, type Resource, type ResourceKind, resourceKinds, rewordable, toResource } from './resource.ts'
import { toRouteConfiguration } from './routes.ts'
import { reworded, secretsOf, toSecret } from './secret.ts'
import { standIn } from './stand-in-map.ts'

/** Everything that one gateway's Envoys are given: immutable, consistent, whole. */
export type Snapshot = {
  readonly gateway: string
  /** Hash of the content: equal content, equal version. */
  readonly version: string
  readonly resources: Readonly<Record<ResourceKind, ReadonlyMap<string, Resource>>>
  /** What differs from the one that it was made from, and that one's version; undefined: it was made as a whole. */
  readonly from?: { readonly version: string; readonly changed: Changes }
}

/** Names of resources that are new, changed or gone. */
export type Changes = Readonly<Record<ResourceKind, readonly string[]>>

/** What only a new declaration changes. */
type Declared = {
  readonly of: readonly unknown[]
  readonly authorizer: readonly Resource[]
} & Readonly<Record<'secret' | 'listener' | 'routes', ReadonlyMap<string, Resource>>>

/** What a gateway was given last. */
type Last = { readonly services: readonly Service[]; readonly declared: Declared; readonly snapshot: Snapshot }

type Made = { readonly of: string; readonly resource: Resource }

/** So many resources of names that come and go are remembered. */
const mostRemembered = 20_000

/** Makes snapshots. What has not changed since the last one is not made again. */
export class SnapshotBuilder {
  readonly #definitions: EnvoyDefinitions
  readonly #loadAssignments = new LoadAssignmentEncoder()
  readonly #clusters = new WeakMap<Service, Resource>()
  readonly #endpoints = new WeakMap<Service['endpoints'], Resource>()
  /** By gateway: what only a new declaration changes, with the parts of the table that it was made of. */
  readonly #declared = new Map<string, Declared>()
  /** By gateway, then by kind and name: the last one made, with what it was made of. */
  readonly #made = new Map<string, Map<string, Made>>()
  readonly #last = new Map<string, Last>()

  constructor(definitions: EnvoyDefinitions) {
    this.#definitions = definitions
  }

  /** @param besides services that no route of the table leads to, but one that an Envoy still has */
  build(table: RouteTable, besides: readonly Service[] = []): Snapshot {
    const { gateway } = table
    const services = besides.length === 0 ? table.services : [...table.services, ...besides]
    const declared = this.#declaredResources(table)
    const last = this.#last.get(gateway)
    const next = last?.declared === declared ? this.#next(last, services) : undefined
    const snapshot = next ?? this.#whole(gateway, services, declared)
    this.#last.set(gateway, { services, declared, snapshot })
    return snapshot
  }

  #whole(gateway: string, services: readonly Service[], declared: Declared): Snapshot {
    const { authorizer, secret, listener, routes } = declared
    const resources: Snapshot['resources'] = {
      cluster: byName([...services.map((service) => this.#cluster(service)), ...authorizer]),
      endpoints: byName(services.map((service) => this.#loadAssignment(service))),
      secret,
      listener,
      routes,
    }
    return { gateway, version: versionOf(resources), resources }
  }

  /** The one that follows where nothing but services has changed, none has come and none is gone; undefined: more has changed. */
  #next({ services: before, snapshot }: Last, services: readonly Service[]): Snapshot | undefined {
    if (before.length !== services.length) return undefined
    const others: Resource[] = []
    // Of hundreds of services nearly all are the same: nothing is made of those.
    for (let index = 0; index < services.length; index += 1) {
      const service = services[index]
      const former = before[index]
      if (!service || !former || service === former) continue
      if (service.name !== former.name) return undefined
      const cluster = this.#clusters.get(former)
      if (cluster && sameCluster(former, service)) this.#clusters.set(service, cluster)
      others.push(this.#cluster(service), this.#loadAssignment(service))
    }
    return withOthers(snapshot, others)
  }

  /** A gateway is gone. */
  forget(gateway: string): void {
    this.#made.delete(gateway)
    this.#declared.delete(gateway)
    this.#last.delete(gateway)
  }

  #declaredResources(table: RouteTable): Declared {
    const { gateway, routes, listeners, clients, authenticators, authorizer, trustedProxies, healthPath, logs } = table
    // These come from the declaration and stay the same objects until there is a new one.
    const of = [routes, listeners, clients, authenticators, authorizer, trustedProxies, healthPath, logs]
    const known = this.#declared.get(gateway)
    if (known && of.every((part, index) => part === known.of[index])) return known
    const declared: Declared = {
      of,
      authorizer: this.#authorizerCluster(table),
      secret: byName(this.#secretResources(table)),
      listener: byName(this.#listenerResources(table)),
      routes: byName(this.#routeResources(table)),
    }
    this.#declared.set(gateway, declared)
    return declared
  }

  #authorizerCluster(table: RouteTable): readonly Resource[] {
    const { gateway, source } = table
    const json = toAuthorizerCluster(table)
    return json ? [this.#make('cluster', gateway, authorizerCluster, json, { source })] : []
  }

  #secretResources({ gateway, listeners }: RouteTable): readonly Resource[] {
    return secretsOf(listeners).map(({ source, ...secret }) => {
      const resource = this.#make('secret', gateway, secret.name, toSecret(secret), { source })
      return rewordable(resource, this.#definitions.encode(messageOf.secret, toSecret(reworded(secret))))
    })
  }

  #listenerResources(table: RouteTable): readonly Resource[] {
    return table.listeners.map((listener) => {
      const { name, source } = listener
      return this.#make('listener', table.gateway, name, toListener(listener, table), { source })
    })
  }

  #routeResources(table: RouteTable): readonly Resource[] {
    const { gateway, routes, source } = table
    const targets = [...new Set(routes.flatMap(servicesOf))]
    return [this.#make('routes', gateway, gateway, toRouteConfiguration(table), { source, targets })]
  }

  #cluster(service: Service): Resource {
    let resource = this.#clusters.get(service)
    if (!resource) {
      const { name, source } = service
      resource = this.#make('cluster', '', name, toCluster(service), { source })
      this.#clusters.set(service, resource)
    }
    return resource
  }

  #loadAssignment(service: Service): Resource {
    let resource = this.#endpoints.get(service.endpoints)
    if (resource?.name !== service.name || resource.source !== service.source) {
      const { name, source } = service
      resource = toResource('endpoints', name, this.#loadAssignments.encode(service), { source })
      this.#endpoints.set(service.endpoints, resource)
    }
    return resource
  }

  #make(
    kind: Exclude<ResourceKind, 'endpoints'>,
    gateway: string,
    name: string,
    json: Parameters<EnvoyDefinitions['encode']>[1],
    about: { readonly source: string; readonly targets?: readonly string[] },
  ): Resource {
    const made = this.#made.get(gateway) ?? new Map<string, Made>()
    const key = `${kind}/${name}`
    const of = JSON.stringify([json, about])
    const known = made.get(key)
    if (known?.of === of) return known.resource
    const resource = toResource(kind, name, this.#definitions.encode(messageOf[kind], json), about)
    if (made.size >= mostRemembered) made.clear()
    this.#made.set(gateway, made.set(key, { of, resource }))
    return resource
  }
}

function byName(resources: readonly Resource[]): ReadonlyMap<string, Resource> {
  return new Map(resources.map((resource) => [resource.name, resource]))
}

/** Whether nothing differs but who may be called. */
function sameCluster(a: Service, b: Service): boolean {
  const { endpoints: _, ...before } = a
  const { endpoints: __, ...after } = b
  const keys = Object.keys(after) as (keyof typeof after)[]
  return keys.length === Object.keys(before).length && keys.every((key) => after[key] === before[key])
}

/** Of any order, so that of what comes after it only what has changed has to be looked at. */
function versionOf(resources: Snapshot['resources']): string {
  let sum = 0n
  for (const kind of resourceKinds) for (const { stamp } of resources[kind].values()) sum ^= stamp
  return hexOf(sum)
}

function hexOf(sum: bigint): string {
  return sum.toString(16).padStart(16, '0')
}

/** The snapshot in which these stand in for those of their kinds and names, which are all there. */
function withOthers(before: Snapshot, others: readonly Resource[]): Snapshot {
  const resources: Record<ResourceKind, ReadonlyMap<string, Resource>> = { ...before.resources }
  const changed: Record<ResourceKind, string[]> = { cluster: [], endpoints: [], secret: [], listener: [], routes: [] }
  const standing = new Map<ResourceKind, Map<string, Resource>>()
  let sum = BigInt(`0x${before.version}`)
  for (const resource of others) {
    const { kind, name, version, stamp } = resource
    const former = resources[kind].get(name)
    if (former === resource) continue
    const ofKind = standing.get(kind) ?? new Map<string, Resource>()
    standing.set(kind, ofKind.set(name, resource))
    if (former?.version === version) continue
    sum ^= (former?.stamp ?? 0n) ^ stamp
    changed[kind].push(name)
  }
  for (const [kind, ofKind] of standing) resources[kind] = standIn(resources[kind], ofKind)
  return { gateway: before.gateway, version: hexOf(sum), resources, from: { version: before.version, changed } }
}

/** Names of clusters that are led to and not there. A snapshot is sent only when this is empty. */
export function danglingTargets({ resources }: Snapshot): readonly string[] {
  const known = resources.cluster
  return [...resources.routes.values()].flatMap(({ targets }) => targets.filter((target) => !known.has(target)))
}

/** What differs from one snapshot to the next: names that are new, changed or gone. */
export function changedNames(before: Snapshot | undefined, after: Snapshot): Changes {
  if (before && after.from?.version === before.version) return after.from.changed
  const changed = (kind: ResourceKind) => {
    const old = before?.resources[kind]
    const now = after.resources[kind]
    if (old === now) return []
    const names = [...now.values()].filter(({ name, version }) => old?.get(name)?.version !== version)
    const gone = [...(old?.keys() ?? [])].filter((name) => !now.has(name))
    return [...names.map(({ name }) => name), ...gone]
  }
  return {
    cluster: changed('cluster'),
    endpoints: changed('endpoints'),
    secret: changed('secret'),
    listener: changed('listener'),
    routes: changed('routes'),
  }
}
