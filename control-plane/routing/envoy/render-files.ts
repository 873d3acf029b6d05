import { hash } from 'node:crypto'
import type { GatewayFile, GatewayFiles } from '#shared/protocol/gateway.ts'
import { envoyFileNames } from '#shared/protocol/gateway-names.ts'
import { takesAway } from '../files/removals.ts'
import { versionOf } from '../files/version.ts'
import type { RouteTable, Service, Source } from '../table.ts'
import { toAuthorizerCluster } from './cluster/authorizer.ts'
import { toCluster } from './cluster.ts'
import { authorizerCluster } from './filters/authorizer.ts'
import { fromFile, type Json } from './json.ts'
import { toListener } from './listener.ts'
import { toLoadAssignment } from './load-assignment.ts'
import { type ResourceKind, typeUrlOf } from './resource.ts'
import { toRouteConfiguration } from './routes.ts'
import { secretsOf, toSecret } from './secret.ts'

/** Files of services that are as they were: only what changed is rendered again. For one gateway. */
export type RenderedEndpoints = WeakMap<Service, GatewayFile>

/**
 * The files that make an Envoy do what a table says, each in the form of a discovery response: listeners, clusters, routes, and the
 * endpoints of each service and each certificate in a file of their own, since Envoy takes no more than one from a file. Files name each other by
 * their plain names: the agent knows the folder. Equal tables give equal bytes and so an equal version, whatever the revision.
 * @param before the table of the set that was sent last, for telling whether this one takes an endpoint away
 */
export function renderEnvoyFiles(
  table: RouteTable,
  revision: number,
  before?: RouteTable,
  rendered: RenderedEndpoints = new WeakMap(),
): GatewayFiles {
  const { gateway, services, listeners, source } = table
  const names = envoyFileNames(gateway)
  const endpoints = services.map((service) => {
    const file = rendered.get(service) ?? endpointsFile(service, names.endpoints(service.name))
    rendered.set(service, file)
    return file
  })
  const from = { routes: fromFile(names.routes), secret: (name: string) => fromFile(names.secret(name)) }
  const authorizer = toAuthorizerCluster(table)
  const files = [
    discoveryFile(names.clusters, 'cluster', source, [
      ...services.map((service) => sourced(service, toCluster(service, fromFile(names.endpoints(service.name))))),
      ...(authorizer ? [sourced({ name: authorizerCluster, source }, authorizer)] : []),
    ]),
    discoveryFile(
      names.listeners,
      'listener',
      source,
      listeners.map((listener) => sourced(listener, toListener(listener, table, from))),
    ),
    discoveryFile(names.routes, 'routes', source, [sourced({ name: gateway, source }, toRouteConfiguration(table))]),
    ...secretsOf(listeners).map(({ source: by, ...secret }) =>
      discoveryFile(names.secret(secret.name), 'secret', by, [
        sourced({ name: secret.name, source: by }, toSecret(secret)),
      ]),
    ),
    ...endpoints,
  ].sort((a, b) => (a.path < b.path ? -1 : 1))
  const urgent = before !== undefined && takesAway(before, table)
  return { proxy: 'envoy', version: versionOf(files), revision, urgent, files }
}

function endpointsFile(service: Service, path: string): GatewayFile {
  return discoveryFile(path, 'endpoints', service.source, [sourced(service, toLoadAssignment(service))])
}

type Sourced = { readonly name: string; readonly source: Source; readonly json: Json }

function sourced({ name, source }: { readonly name: string; readonly source: Source }, json: Json): Sourced {
  return { name, source, json }
}

/** A discovery response, one line for each resource, with the hash of its resources as version. */
function discoveryFile(path: string, kind: ResourceKind, source: Source, resources: readonly Sourced[]): GatewayFile {
  const type = typeUrlOf(kind)
  const lines = resources.map(({ json }) => JSON.stringify({ '@type': type, ...json })).join(',\n')
  const version = hash('sha256', lines).slice(0, 16)
  const content = `{"version_info":"${version}","type_url":"${type}","resources":[\n${lines}\n]}\n`
  const sources = Object.fromEntries(resources.map((resource) => [resource.name, resource.source]))
  return { path, content, source, ...(kind === 'cluster' || kind === 'listener' ? { sources } : {}) }
}
