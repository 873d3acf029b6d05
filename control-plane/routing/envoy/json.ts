/** A message of Envoy's in the JSON form of its own documentation: snake_case, durations as "5s", `@type` in an Any. */
export type Json = { readonly [key: string]: JsonValue }
export type JsonValue = string | number | boolean | Json | readonly JsonValue[]

/** Milliseconds as Envoy writes a duration: `1.5s`. */
export function seconds(ms: number): string {
  return `${ms / 1000}s`
}

const package_ = 'type.googleapis.com/envoy'

/** Where a resource's further resources come from: the stream that it came by itself. */
export const fromAds: Json = { ads: {}, resource_api_version: 'V3' }

/** Where they come from instead: a file, beside the one that names it. */
export function fromFile(path: string): Json {
  return { path_config_source: { path }, resource_api_version: 'V3' }
}

/** A piece of configuration that Envoy looks up by its type. `type` without `envoy.`. */
export function typed(type: string, value: Json = {}): Json {
  return { '@type': `${package_}.${type}`, ...value }
}
