import type { Quarantined } from '#shared/protocol/gateway.ts'
import type { FileSet } from '../file-set.ts'
import { askAdmin } from './ask-admin.ts'
import { isObject, type Json, type JsonObject, parseDiscovery } from './discovery-file.ts'
import { statName } from './expected.ts'
import { unsaid } from './read-complaint.ts'
import { changedResources, type ResourceKey } from './resources.ts'
import type { EnvoyFileNames } from './settings.ts'

/** What Envoy's admin page says of one listener or cluster: the version it came with, and why a newer one was not taken. */
export type Shown = { readonly name: string; readonly version: string; readonly error: string | undefined }

/**
 * The resources that an Envoy did not take, after some of its subscriptions rejected an update; undefined: its admin page does not tell
 * them from good ones. Of clusters and listeners it mostly takes the good ones even then, so those that it does not show in the version
 * of the file are guilty; but where one breaks a rule of its type, none of the file is taken.
 * @param before what the folder held before `files`
 * @param complaint what Envoy's log says of it, if that could be read
 */
export async function findGuilty(
  admin: string,
  rejected: readonly string[],
  { before, files, names }: { readonly before: FileSet; readonly files: FileSet; readonly names: EnvoyFileNames },
  complaint: string | undefined,
): Promise<readonly Quarantined[] | undefined> {
  const clusters = rejected.includes('cds') ? await readShown(admin, ['active', 'warming'], 'clusters') : []
  const listeners = rejected.includes('lds') ? await readShown(admin, [], 'listeners') : []
  const changed = changedResources(before, files)
  const guilty = changed.flatMap((key) => {
    const error = complaintAbout(key, { rejected, clusters, listeners, files, names })
    return error === undefined ? [] : [{ ...key, error }]
  })
  const silent = guilty.filter(({ error }) => error === '').map(({ path }) => path)
  if (guilty.length === 0 || new Set(silent).size < silent.length) return undefined
  return guilty.map((each) => (each.error === '' ? { ...each, error: complaint ?? unsaid } : each))
}

/** Empty: it is guilty, and nobody says of what; undefined: it is not. */
function complaintAbout(
  { path, resource }: ResourceKey,
  about: {
    readonly rejected: readonly string[]
    readonly clusters: readonly Shown[]
    readonly listeners: readonly Shown[]
    readonly files: FileSet
    readonly names: EnvoyFileNames
  },
): string | undefined {
  const { rejected, clusters, listeners, files, names } = about
  const file = parseDiscovery(files.get(path) ?? '')
  const missing = (shown: readonly Shown[]) => {
    const known = shown.filter(({ name }) => name === resource)
    if (known.some(({ version }) => version === file?.version)) return undefined
    return known.find(({ error }) => error !== undefined)?.error ?? ''
  }
  if (path === names.clusters) return rejected.includes('cds') ? missing(clusters) : undefined
  if (path === names.listeners) return rejected.includes('lds') ? missing(listeners) : undefined
  if (path === names.routes) return rejected.includes('rds') ? '' : undefined
  return rejected.includes(`eds ${statName(resource)}`) ? '' : undefined
}

async function readShown(
  admin: string,
  states: readonly string[],
  kind: 'clusters' | 'listeners',
): Promise<readonly Shown[]> {
  if (kind === 'listeners') return shownListeners(await askAdmin(admin, '/config_dump?resource=dynamic_listeners'))
  const dumps = states.map((state) => askAdmin(admin, `/config_dump?resource=dynamic_${state}_clusters`))
  return (await Promise.all(dumps)).flatMap(shownClusters)
}

export function shownClusters({ configs }: JsonObject): readonly Shown[] {
  return objects(configs).map(({ cluster, version_info: version }) => {
    return { name: isObject(cluster) ? String(cluster.name) : '', version: String(version), error: undefined }
  })
}

export function shownListeners({ configs }: JsonObject): readonly Shown[] {
  return objects(configs).flatMap(({ name, active_state, warming_state, error_state }) => {
    const error = isObject(error_state) && typeof error_state.details === 'string' ? error_state.details : undefined
    const versions = [active_state, warming_state].map((state) => (isObject(state) ? String(state.version_info) : ''))
    return versions.map((version) => ({ name: String(name), version, error }))
  })
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
