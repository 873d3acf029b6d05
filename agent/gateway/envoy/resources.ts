import type { Quarantined } from '#shared/protocol/gateway.ts'
import type { Attempt } from '../applied-set.ts'
import type { FileSet } from '../file-set.ts'
import { discoveryText, type JsonObject, parseDiscovery, type ResourceType } from './discovery-file.ts'

/** One resource of a set: the file that it stands in, and its name there. */
export type ResourceKey = { readonly path: string; readonly resource: string }

const order: readonly ResourceType[] = ['endpoints', 'secret', 'cluster', 'routes', 'listener']

/** The resources of `files` that `base` does not have just so; nothing is named before what it needs. */
export function changedResources(base: FileSet, files: FileSet): readonly ResourceKey[] {
  const changed: (ResourceKey & { readonly type: ResourceType })[] = []
  for (const [path, content] of files) {
    const file = parseDiscovery(content)
    if (!file || base.get(path) === content) continue
    for (const [resource, json] of file.resources) {
      if (!same(json, resourceIn(base, { path, resource }))) changed.push({ path, resource, type: file.type })
    }
  }
  changed.sort((a, b) => order.indexOf(a.type) - order.indexOf(b.type))
  return changed.map(({ path, resource }) => ({ path, resource }))
}

/** `base` with these resources as `files` has them. */
export function withResources(base: FileSet, files: FileSet, keys: readonly ResourceKey[]): FileSet {
  return keys.reduce((made, key) => withResource(made, files, key, resourceIn(files, key)), base)
}

/**
 * The attempt without a guilty resource: its last good form stands in, or, where there is none (or where that is what is complained
 * about), it is left out. Undefined: it is already out, so it is not what is wrong.
 */
export function withoutResource(attempt: Attempt, guilty: Quarantined, lastGood: FileSet): Attempt | undefined {
  const { path, resource = '' } = guilty
  const key = { path, resource }
  const present = resourceIn(attempt.files, key)
  if (present === undefined) return undefined
  const good = resourceIn(lastGood, key)
  const instead = same(good, present) ? undefined : good
  const files = withResource(attempt.files, attempt.files, key, instead)
  // What was wrong with it as it was sent is what people have to know.
  const known = attempt.quarantined.some((other) => other.path === path && other.resource === resource)
  return { files, quarantined: known ? attempt.quarantined : [...attempt.quarantined, guilty] }
}

/** The attempt without each of these, as far as it has them. */
export function withoutResources(attempt: Attempt, guilty: readonly Quarantined[], lastGood: FileSet): Attempt {
  return guilty.reduce((left, each) => withoutResource(left, each, lastGood) ?? left, attempt)
}

export function resourceIn(files: FileSet, { path, resource }: ResourceKey): JsonObject | undefined {
  return parseDiscovery(files.get(path) ?? '')?.resources.get(resource)
}

/** @param like has a file of the same kind under this path */
function withResource(files: FileSet, like: FileSet, key: ResourceKey, json: JsonObject | undefined): FileSet {
  const type = parseDiscovery(like.get(key.path) ?? '')?.type
  if (type === undefined) return files
  const resources = new Map(parseDiscovery(files.get(key.path) ?? '')?.resources ?? [])
  if (json === undefined) resources.delete(key.resource)
  else resources.set(key.resource, json)
  return new Map([...files, [key.path, discoveryText({ type, resources })]])
}

function same(a: JsonObject | undefined, b: JsonObject | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b))
}
