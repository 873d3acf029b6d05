import { askAdmin } from './ask-admin.ts'
import { isObject, type Json, type JsonObject } from './discovery-file.ts'
import type { Seen } from './expected.ts'

const counters = '(version_text|update_rejected|update_failure)$|^cluster_manager.warming_clusters$|listeners_warming$'
const statsPath = `/stats?format=json&filter=${encodeURIComponent(counters)}`
const routesPath = '/config_dump?resource=dynamic_route_configs'

/** What an Envoy says of what it serves. Rejects where its admin page does not answer. */
export async function readSeen(admin: string): Promise<Seen> {
  const [stats, routes] = await Promise.all([askAdmin(admin, statsPath), askAdmin(admin, routesPath)])
  return seenOf(stats, routes)
}

/** The gateway that the Envoy at this admin page says it belongs to (`node.cluster`). */
export async function readIdentity(admin: string): Promise<{ readonly gateway: string }> {
  const { node } = await askAdmin(admin, '/server_info')
  return { gateway: isObject(node) && typeof node.cluster === 'string' ? node.cluster : '' }
}

/** What Envoy's statistics and its routes say together. */
export function seenOf(stats: JsonObject, routes: JsonObject): Seen {
  const texts = new Map<string, string>()
  const numbers = new Map<string, number>()
  for (const stat of listOf(stats.stats)) {
    if (typeof stat.name !== 'string') continue
    if (typeof stat.value === 'string') texts.set(stat.name, stat.value)
    if (typeof stat.value === 'number') numbers.set(stat.name, stat.value)
  }
  const rejections = new Map<string, number>()
  let warming = 0
  for (const [name, value] of numbers) {
    const key = subscriptionOf(name)
    if (key !== undefined) rejections.set(key, (rejections.get(key) ?? 0) + value)
    else if (name.endsWith('_warming') || name.endsWith('warming_clusters')) warming += value
  }
  const endpoints = new Map<string, string>()
  for (const [name, value] of texts) {
    const found = /^cluster(?:\.(.*))?\.version_text$/s.exec(name)
    if (found) endpoints.set(found[1] ?? '', value)
  }
  return {
    listeners: texts.get('listener_manager.lds.version_text'),
    clusters: texts.get('cluster_manager.cds.version_text'),
    routes: new Map(
      listOf(routes.configs).map(({ route_config: config, version_info: version }) => {
        return [isObject(config) ? textOf(config.name) : '', textOf(version)]
      }),
    ),
    endpoints,
    warming,
    rejections,
  }
}

/** `cds`, `lds`, `rds` or `eds <stat name>`; undefined: it counts no rejections. */
function subscriptionOf(name: string): string | undefined {
  const [, subscription] = /^(.*)\.update_(?:rejected|failure)$/s.exec(name) ?? []
  if (subscription === undefined) return undefined
  if (subscription === 'cluster_manager.cds') return 'cds'
  if (subscription === 'listener_manager.lds') return 'lds'
  if (/^cluster(?:\.|$)/.test(subscription)) return `eds ${subscription.slice('cluster.'.length)}`
  return subscription.startsWith('http.') && subscription.includes('.rds.') ? 'rds' : undefined
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** Anything else, however deep, is no name that an Envoy gives. */
function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
