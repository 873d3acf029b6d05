import { createHash } from 'node:crypto'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

/** The kinds of resources that Envoy takes from files. */
export const resourceTypes = {
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  routes: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  endpoints: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  secret: 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
} as const
export type ResourceType = keyof typeof resourceTypes

/** A file in the form of a discovery response. */
export type DiscoveryFile = {
  readonly type: ResourceType
  readonly version: string
  /** By name, in the order of the file. */
  readonly resources: ReadonlyMap<string, JsonObject>
}

/** The resources of a file; undefined: it is no discovery response of a kind that is known here, or names something twice. */
export function parseDiscovery(content: string): DiscoveryFile | undefined {
  const whole = parsed(content)
  if (!isObject(whole) || typeof whole.version_info !== 'string' || !Array.isArray(whole.resources)) return undefined
  const type = (Object.keys(resourceTypes) as ResourceType[]).find((each) => resourceTypes[each] === whole.type_url)
  if (type === undefined) return undefined
  const resources = new Map<string, JsonObject>()
  for (const resource of whole.resources as readonly Json[]) {
    if (!isObject(resource) || resource['@type'] !== resourceTypes[type]) return undefined
    const name = type === 'endpoints' ? resource.cluster_name : resource.name
    if (typeof name !== 'string' || resources.has(name)) return undefined
    resources.set(name, resource)
  }
  return { type, version: whole.version_info, resources }
}

/** The version of a file and whether it holds anything, mostly without reading all of it. */
export function headOf(content: string): { readonly version: string; readonly empty: boolean } | undefined {
  const [whole, version = ''] = /^\{"version_info":"(\w*)","type_url":"[\w./]+","resources":\[\n/.exec(content) ?? []
  if (whole !== undefined) return { version, empty: content.length < whole.length + 10 }
  const file = parseDiscovery(content)
  return file && { version: file.version, empty: file.resources.size === 0 }
}

/** A discovery response as text, one line for each resource. Its version is the hash of its resources. */
export function discoveryText({ type, resources }: Pick<DiscoveryFile, 'type' | 'resources'>): string {
  const lines = [...resources.values()].map((resource) => JSON.stringify(resource)).join(',\n')
  const version = createHash('sha256').update(lines).digest('hex').slice(0, 16)
  return `{"version_info":"${version}","type_url":"${resourceTypes[type]}","resources":[\n${lines}\n]}\n`
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value with each object in it replaced by what `replace` makes of it; undefined: it is gone into. */
export function replaced(value: Json, replace: (object: JsonObject) => Json | undefined): Json {
  if (Array.isArray(value)) return value.map((each: Json) => replaced(each, replace))
  if (!isObject(value)) return value
  const instead = replace(value)
  if (instead !== undefined) return instead
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, replaced(part, replace)]))
}

function parsed(content: string): Json | undefined {
  try {
    return JSON.parse(content) as Json
  } catch {
    return undefined
  }
}
