import type { RouteTable, Service } from '../table.ts'
import { toAuthorizerCluster } from './cluster/authorizer.ts'
import { toCluster } from './cluster.ts'
import type { Json, JsonValue } from './json.ts'
import { toListener } from './listener.ts'
import { toLoadAssignment } from './load-assignment.ts'
import { toRouteConfiguration } from './routes.ts'
import { secretsOf, toSecret } from './secret.ts'

/** All resources of a gateway in Envoy's JSON form, for people to read and compare. */
export function toJson(table: RouteTable): Json {
  return {
    clusters: [...table.services.map((service) => toCluster(service)), ...authorizer(table)],
    endpoints: table.services.map(toLoadAssignment),
    secrets: secretsOf(table.listeners).map(({ source: _, ...secret }) => toSecret(secret)),
    listeners: table.listeners.map((listener) => toListener(listener, table)),
    routes: [toRouteConfiguration(table)],
  }
}

/**
 * The same as one static configuration that needs no control plane: what `envoy --mode validate` can judge. Routes, endpoints and
 * certificates stand where otherwise the stream is named that brings them.
 */
export function toStaticBootstrap(table: RouteTable): Json {
  const routes = toRouteConfiguration(table)
  return {
    static_resources: {
      secrets: secretsOf(table.listeners).map(({ source: _, ...secret }) => toSecret(secret)),
      listeners: table.listeners.map((listener) => standing(toListener(listener, table), routes)),
      clusters: [...table.services.map(staticCluster), ...authorizer(table)],
    },
  }
}

function authorizer(table: RouteTable): readonly Json[] {
  const cluster = toAuthorizerCluster(table)
  return cluster ? [cluster] : []
}

function staticCluster(service: Service): Json {
  const { type: _, eds_cluster_config: __, ...cluster } = toCluster(service)
  return { ...cluster, type: 'STATIC', load_assignment: toLoadAssignment(service) }
}

/** The same with `rds` replaced by the routes themselves, and secrets by those of the same configuration, wherever they stand. */
function standing(json: Json, routes: Json): Json {
  const replaced = (value: JsonValue): JsonValue => {
    if (isList(value)) return value.map(replaced)
    return typeof value === 'object' ? standing(value, routes) : value
  }
  const entries = Object.entries(json).filter(([key]) => key !== 'sds_config')
  return Object.fromEntries(
    entries.map(([key, value]) => (key === 'rds' ? ['route_config', routes] : [key, replaced(value)])),
  )
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
