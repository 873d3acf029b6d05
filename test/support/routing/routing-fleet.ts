import type { InstanceBelief } from '#control-plane/fleet/belief.ts'
import type { Change } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { Endpoint, RouteTable, Service } from '#control-plane/routing/table.ts'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { plainFrame, plainListener, plainRoute, plainService } from './route-tables.ts'

/** A fleet to which things happen one after the other. */
export class RoutingFleet {
  readonly fleet = new Fleet()

  happen(...changes: readonly Change[]): void {
    const first = this.fleet.revision + 1
    this.fleet.apply(
      changes.map((change, index) => ({
        revision: first + index,
        event: { version: 1, at: 0, by: 'plane:test', change },
      })),
    )
  }

  /** Registers an instance that passes its check. */
  add(service: string, port: number, about: Partial<InstanceSpec> & { readonly node?: string } = {}): string {
    const id = about.id ?? `${service}-${port}`
    const { node = 'n', ...rest } = about
    const spec = { id, service, address: '127.0.0.1', port, tags: [], metadata: {}, checks: [], ...rest }
    this.happen({ kind: 'registered', instance: id, node, origin: 'client', spec })
    this.passes(id)
    return id
  }

  passes(instance: string): void {
    this.happen({ kind: 'judged', instance, health: 'passing', reason: reason('ok') })
  }

  /** Its check is refused: it must not be called any more. */
  fails(instance: string): void {
    this.happen({ kind: 'judged', instance, health: 'critical', reason: reason('refused') })
  }

  drains(instance: string): void {
    this.happen({ kind: 'admitted', instance, admission: 'draining', reason: 'deploy', expiresAt: undefined })
  }

  undrains(instance: string): void {
    this.happen({ kind: 'admitted', instance, admission: 'active', reason: '', expiresAt: undefined })
  }

  goes(instance: string): void {
    this.happen({ kind: 'deregistered', instance, cause: 'operator' })
  }

  belief(instance: string): InstanceBelief | undefined {
    return this.fleet.instances.get(instance)
  }
}

export function endpoint(port: number, about: Partial<Endpoint> = {}): Endpoint {
  return { instance: `i-${port}`, address: '127.0.0.1', port, weight: 100, priority: 0, site: '', ...about }
}

export function service(name: string, endpoints: readonly Endpoint[] = [], about: Partial<Service> = {}): Service {
  return { name, ...plainService, source: 'routes.yaml:1', ...about, endpoints }
}

/** A table whose routes lead to the services given, by `/<name>`. */
export function table(services: readonly Service[], about: Partial<RouteTable> = {}): RouteTable {
  return {
    gateway: 'edge',
    proxy: 'envoy',
    delivery: 'xds',
    mode: 'apply',
    logs: { access: undefined, attempts: undefined },
    ...plainFrame,
    listeners: [{ ...plainListener, name: 'port-8080', port: 8080 }],
    routes: services.map(({ name, source }) => plainRoute(`/${name}`, name, { source, timeoutMs: 15_000 })),
    services,
    source: 'routes.yaml:2',
    ...about,
  }
}
