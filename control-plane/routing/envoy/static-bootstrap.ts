import type { RouteTable, Service } from '../table.ts'
import { toCluster } from './cluster.ts'
import type { Json, JsonValue } from './json.ts'
import { toListener } from './listener.ts'
import { toLoadAssignment } from './load-assignment.ts'
import { toRouteConfiguration } from './routes.ts'

/** All resources of a gateway in Envoy's JSON form, for people to read and compare. */
export function toJson(table: RouteTable): Json {
  return {
    clusters: table.services.map((service) => toCluster(service)),
    endpoints: table.services.map(toLoadAssignment),
    listeners: table.listeners.map((listener) => toListener(listener, table)),
    routes: [toRouteConfiguration(table)],
  }
}

/**
 * The same as one static configuration that needs no control plane: what `envoy --mode validate` can judge. Routes and endpoints stand
 * where otherwise the stream is named that brings them.
 */
export function toStaticBootstrap(table: RouteTable): Json {
  const routes = toRouteConfiguration(table)
  return {
    static_resources: {
      listeners: table.listeners.map((listener) => withRoutes(toListener(listener, table), routes)),
      clusters: table.services.map(staticCluster),
    },
  }
}

function staticCluster(service: Service): Json {
  const { type: _, eds_cluster_config: __, ...cluster } = toCluster(service)
  return { ...cluster, type: 'STATIC', load_assignment: toLoadAssignment(service) }
}

/** The same with `rds` replaced by the routes themselves, wherever it stands. */
function withRoutes(json: Json, routes: Json): Json {
  const replaced = (value: JsonValue): JsonValue => {
    if (isList(value)) return value.map(replaced)
    return typeof value === 'object' ? withRoutes(value, routes) : value
  }
  const entries = Object.entries(json)
  return Object.fromEntries(
    entries.map(([key, value]) => (key === 'rds' ? ['route_config', routes] : [key, replaced(value)])),
  )
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}
