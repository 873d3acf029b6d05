import type { FileSet } from '../file-set.ts'
import { endpointsFileOf } from './compose.ts'
import { headOf, parseDiscovery } from './discovery-file.ts'
import type { EnvoyFileNames } from './settings.ts'

/** The versions that an Envoy shows once it serves some files; undefined: not looked at. */
export type Expected = {
  readonly listeners: string | undefined
  readonly clusters: string | undefined
  /** By name of the route configuration; empty while no listener asks for it. */
  readonly routes: ReadonlyMap<string, string>
  /** By name of the cluster. */
  readonly endpoints: ReadonlyMap<string, string>
}

/** What an Envoy itself says. */
export type Seen = {
  readonly listeners: string | undefined
  readonly clusters: string | undefined
  readonly routes: ReadonlyMap<string, string>
  /** By the name under which it counts, see `statName`. */
  readonly endpoints: ReadonlyMap<string, string>
  /** Listeners and clusters that are not in use yet. */
  readonly warming: number
  /** How many updates it has rejected or could not read, by subscription: `cds`, `lds`, `rds`, `eds <stat name>`. */
  readonly rejections: ReadonlyMap<string, number>
}

/** @param only the files to look at; without it, all of them */
export function expectedOf(files: FileSet, names: EnvoyFileNames, only?: { has(path: string): boolean }): Expected {
  const looked = (path: string) => only === undefined || only.has(path)
  const read = (name: string) => parseDiscovery(files.get(name) ?? '')
  const listeners = read(names.listeners)
  const clusters = read(names.clusters)
  const asked = listeners !== undefined && listeners.resources.size > 0 && looked(names.routes)
  const routes = asked ? read(names.routes) : undefined
  const endpoints = new Map<string, string>()
  for (const [name, cluster] of clusters?.resources ?? []) {
    const path = endpointsFileOf(cluster) ?? ''
    const file = looked(path) ? headOf(files.get(path) ?? '') : undefined
    // Envoy takes an answer without resources as none at all.
    if (file && !file.empty) endpoints.set(name, file.version)
  }
  return {
    listeners: looked(names.listeners) ? (listeners?.version ?? '') : undefined,
    clusters: looked(names.clusters) ? (clusters?.version ?? '') : undefined,
    routes: new Map([...(routes?.resources.keys() ?? [])].map((name) => [name, routes?.version ?? ''])),
    endpoints,
  }
}

/** The name of a cluster in Envoy's statistics, where some signs are replaced and dots at the end are lost: two names may become one. */
export function statName(cluster: string): string {
  return cluster.replaceAll('://', '_').replaceAll(':/', '_').replaceAll(':', '_').replace(/\.+$/, '')
}

/** What of the expected an Envoy does not show yet, in words; empty: it serves all of it. */
export function unproven(expected: Expected, seen: Seen): readonly string[] {
  const missing: string[] = []
  if (expected.clusters !== undefined && seen.clusters !== expected.clusters) missing.push('clusters')
  if (expected.listeners !== undefined && seen.listeners !== expected.listeners) missing.push('listeners')
  for (const [name, version] of expected.routes) {
    if (seen.routes.get(name) !== version) missing.push(`routes of ${name}`)
  }
  const byStat = new Map<string, Set<string>>()
  for (const [name, version] of expected.endpoints) {
    const known = byStat.get(statName(name)) ?? new Set()
    byStat.set(statName(name), known.add(version))
  }
  for (const [name, versions] of byStat) {
    if (!versions.has(seen.endpoints.get(name) ?? '')) missing.push(`endpoints of ${name}`)
  }
  if (missing.length === 0 && seen.warming > 0) missing.push(`${seen.warming} that are warming`)
  return missing
}

/** Subscriptions that have rejected something since `before`; without `before`, since Envoy was started. */
export function newlyRejected(before: Seen | undefined, now: Seen): readonly string[] {
  return [...now.rejections].flatMap(([key, count]) => {
    const known = before?.rejections.get(key) ?? 0
    // A counter that has gone back belongs to an Envoy that was started meanwhile.
    return count > (count < known ? 0 : known) ? [key] : []
  })
}
