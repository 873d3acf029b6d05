import type { FileSet } from '../file-set.ts'
import { isObject, type Json, parseDiscovery, resourceTypes } from './discovery-file.ts'
import type { EnvoyFileNames } from './settings.ts'

/** Extensions that run code from elsewhere or write what passes through to disk: never taken from the plane. */
const refusedTypes = /\.(?:lua|wasm|golang|dynamic_modules|external_processor|tap|squash|exec)\./
/** Where a file may be named all the same: certificates and their keys. Envoy takes nothing else there, and shows only the certificate. */
const tlsFiles = new Set(['certificate_chain', 'private_key', 'trusted_ca'])
/** Ways to read files and the environment of the node, and to call its sockets. */
const refusedKeys = new Set(['filename', 'environment_variable', 'pipe', 'watched_directory', 'google_grpc'])

/** What the agent does not take from the plane, whatever the plane says; `path`: the file it stands in. */
export type RefusedResource = { readonly path: string; readonly error: string }

/**
 * The first part of a set that is not taken; undefined: all of it may be tried.
 * @param known files that were looked at before
 */
export function refusedResource(
  files: FileSet,
  names: EnvoyFileNames,
  known: FileSet = new Map(),
): RefusedResource | undefined {
  for (const [name, type] of [
    [names.listeners, 'listener'],
    [names.clusters, 'cluster'],
  ] as const) {
    if (!files.has(name)) return { path: name, error: `the set has no ${name}` }
    if (parseDiscovery(files.get(name) ?? '')?.type !== type) {
      return { path: name, error: `${name} is no discovery response for ${resourceTypes[type]}` }
    }
  }
  for (const [path, content] of files) {
    if (known.get(path) === content) continue
    const file = parseDiscovery(content)
    if (!file) return { path, error: `${path} is no discovery response` }
    for (const [name, resource] of file.resources) {
      const refused = refusedPart(resource, files)
      if (refused !== undefined) return { path, error: `${refused} is not taken from the plane ("${name}" of ${path})` }
    }
  }
  return undefined
}

function refusedPart(value: Json, files: FileSet): string | undefined {
  if (Array.isArray(value)) return firstOf(value, files)
  if (!isObject(value)) return undefined
  const parts = Object.entries(value).filter(([key, part]) => !(tlsFiles.has(key) && isFileName(part)))
  for (const [key, part] of parts) {
    if (refusedKeys.has(key)) return key
    if (key === '@type' && typeof part === 'string' && refusedTypes.test(part.toLowerCase())) return part
    if (key === 'path_config_source' && isObject(part) && !files.has(String(part.path))) return `path ${part.path}`
  }
  return firstOf(
    parts.map(([, part]) => part),
    files,
  )
}

function isFileName(value: Json | undefined): boolean {
  return isObject(value) && Object.keys(value).join() === 'filename' && typeof value.filename === 'string'
}

function firstOf(values: readonly Json[], files: FileSet): string | undefined {
  for (const value of values) {
    const refused = refusedPart(value, files)
    if (refused !== undefined) return refused
  }
  return undefined
}
