import type { Forward, Match } from '../../table.ts'
import { type Json, seconds } from '../json.ts'
import { pathRewrite } from './path-change.ts'

/** Envoy's action of a route to services, without retries; undefined: Envoy cannot do it. */
export function forwardAction(forward: Forward, match: Match): Json | undefined {
  const { path, timeoutMs, websocket, mirror } = forward
  const rewrite = pathRewrite(path, match.path)
  if (!rewrite) return undefined
  return {
    ...target(forward),
    // 0: none; a stream then ends when nothing has come for the listener's idle time.
    timeout: seconds(timeoutMs ?? 0),
    ...rewrite,
    // Looked at only where a service is balanced by address.
    hash_policy: [{ connection_properties: { source_ip: true } }],
    ...(websocket ? {} : { upgrade_configs: [{ upgrade_type: 'websocket', enabled: false }] }),
    ...(mirror ? { request_mirror_policies: [mirrored(mirror)] } : {}),
  }
}

function target({ choices }: Forward): Json {
  const [first] = choices
  if (first !== undefined && choices.length === 1) return { cluster: first.service }
  return { weighted_clusters: { clusters: choices.map(({ service, weight }) => ({ name: service, weight })) } }
}

function mirrored({ service, percent }: NonNullable<Forward['mirror']>): Json {
  return {
    cluster: service,
    runtime_fraction: { default_value: { numerator: percent, denominator: 'HUNDRED' } },
    disable_shadow_host_suffix_append: true,
  }
}
