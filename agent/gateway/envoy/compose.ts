import { basename, join } from 'node:path'
import type { FileSet } from '../file-set.ts'
import { discoveryText, isObject, type Json, type JsonObject, parseDiscovery, replaced } from './discovery-file.ts'

/**
 * The files of a set as they stand in `folder`: where one names another, by its whole path. Files that are composed already stay as
 * they are, as do those that name no other.
 */
export function composed(files: FileSet, folder: string): FileSet {
  const place = (object: JsonObject) => {
    const source = object.path_config_source
    if (!isObject(source) || typeof source.path !== 'string') return undefined
    return { ...object, path_config_source: { ...source, path: join(folder, basename(source.path)) } }
  }
  return new Map(
    [...files].map(([path, content]) => {
      const file = content.includes('path_config_source') ? parseDiscovery(content) : undefined
      if (!file) return [path, content]
      const resources = new Map(
        [...file.resources].map(([name, resource]) => [name, replaced(resource, place) as JsonObject]),
      )
      return [path, discoveryText({ type: file.type, resources })]
    }),
  )
}

/** The name of the file from which a cluster has its endpoints; undefined: from none. */
export function endpointsFileOf(cluster: JsonObject): string | undefined {
  const eds = cluster.eds_cluster_config
  return fileIn(isObject(eds) ? eds.eds_config : undefined)
}

/** The name of the file from which a listener has a certificate, as one of its list says; undefined: from none. */
export function secretFileOf(named: Json): string | undefined {
  return fileIn(isObject(named) ? named.sds_config : undefined)
}

function fileIn(config: Json | undefined): string | undefined {
  const source = isObject(config) ? config.path_config_source : undefined
  return isObject(source) && typeof source.path === 'string' ? basename(source.path) : undefined
}
