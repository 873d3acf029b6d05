import { join } from 'node:path'
import { overloadManager } from '#shared/envoy/overload.ts'
import { portOf } from '../config.ts'
import type { FileSet } from '../file-set.ts'
import { endpointsFileOf, secretFileOf } from './compose.ts'
import { discoveryText, isObject, type Json, type JsonObject, parseDiscovery, replaced } from './discovery-file.ts'
import type { EnvoyFileNames, EnvoySettings } from './settings.ts'

/** The whole configuration that an Envoy is started with: who it is, its admin page, and where its files are. */
export function bootstrapText(
  settings: Pick<EnvoySettings, 'name' | 'nodeId' | 'admin' | 'folder' | 'names' | 'limits'>,
): string {
  const { name, nodeId, admin, folder, names, limits } = settings
  const from = (file: string) => ({ path_config_source: { path: join(folder, file) }, resource_api_version: 'V3' })
  const bootstrap = {
    node: { id: nodeId, cluster: name },
    admin: {
      address: { socket_address: { address: hostOf(admin), port_value: portOf(admin) } },
      // There it proves what it serves, also when there are too many clients.
      ignore_global_conn_limit: true,
    },
    dynamic_resources: { cds_config: from(names.clusters), lds_config: from(names.listeners) },
    overload_manager: overloadManager(limits),
  }
  return `${JSON.stringify(bootstrap, undefined, 2)}\n`
}

export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}

/** What an Envoy needs to start before there is any set: it refuses to without these files. */
export function emptyFiles({ clusters, listeners }: EnvoyFileNames): FileSet {
  const none = new Map()
  return new Map([
    [clusters, discoveryText({ type: 'cluster', resources: none })],
    [listeners, discoveryText({ type: 'listener', resources: none })],
  ])
}

/**
 * The same as one static configuration, which is what `envoy --mode validate` looks into: it reads no files that are named. Routes,
 * endpoints and certificates stand where otherwise their files are named. That a route leads to a cluster that is not there is no error, as it is none
 * with files.
 */
export function staticBootstrap(files: FileSet, names: EnvoyFileNames): JsonObject {
  const read = (name: string) => [...(parseDiscovery(files.get(name) ?? '')?.resources.values() ?? [])]
  const [routes = { name: 'none', virtual_hosts: [] }] = read(names.routes)
  const inPlace = (object: JsonObject): Json | undefined => {
    if (Array.isArray(object.tls_certificate_sds_secret_configs)) {
      const { tls_certificate_sds_secret_configs: named, ...rest } = object
      return {
        ...rest,
        tls_certificates: named.flatMap((each) => read(secretFileOf(each) ?? '').flatMap(certificateIn)),
      }
    }
    if (!('rds' in object)) return undefined
    const { rds: _, ...rest } = object
    return { ...rest, route_config: { ...untyped(routes), validate_clusters: false } }
  }
  const withEndpoints = (cluster: JsonObject) => {
    const { type: _, eds_cluster_config: __, ...rest } = untyped(cluster)
    const [endpoints] = read(endpointsFileOf(cluster) ?? '')
    const none = { cluster_name: String(cluster.name) }
    return { ...rest, type: 'STATIC', load_assignment: endpoints === undefined ? none : untyped(endpoints) }
  }
  return {
    static_resources: {
      listeners: read(names.listeners).map((listener) => replaced(untyped(listener), inPlace)),
      clusters: read(names.clusters).map((cluster) =>
        isObject(cluster.eds_cluster_config) ? withEndpoints(cluster) : untyped(cluster),
      ),
    },
  }
}

function certificateIn({ tls_certificate: certificate }: JsonObject): readonly JsonObject[] {
  return isObject(certificate) ? [certificate] : []
}

function untyped({ '@type': _, ...rest }: JsonObject): JsonObject {
  return rest
}
