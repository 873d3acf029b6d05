import type { Forward, Match, UserKey } from '../../table.ts'
import { firstValueHeader } from '../headers.ts'
import { type Json, seconds } from '../json.ts'
import { pathRewrite } from './path-change.ts'

/** Envoy's action of a route to services, without retries; undefined: Envoy cannot do it. */
export function forwardAction(forward: Forward, match: Match): Json | undefined {
  const { path, timeoutMs, websocket, mirror, split } = forward
  const rewrite = pathRewrite(path, match.path)
  if (!rewrite) return undefined
  return {
    ...target(forward),
    // 0: none; a stream then ends when nothing has come for the listener's idle time.
    timeout: seconds(timeoutMs ?? 0),
    ...rewrite,
    // Looked at where a service is balanced by address, and where users are kept on their side of a split.
    hash_policy: [...(split ? userHash(split.by) : []), { connection_properties: { source_ip: true } }],
    ...(websocket ? {} : { upgrade_configs: [{ upgrade_type: 'websocket', enabled: false }] }),
    ...(mirror ? { request_mirror_policies: [mirrored(mirror)] } : {}),
  }
}

/** Of what weighs nothing there is no choice. For a split the order counts: whoever is among the first stays there when they become more. */
function target({ choices, split }: Forward): Json {
  const [first] = choices
  if (first !== undefined && choices.length === 1) return { cluster: first.service }
  const clusters = choices.map(({ service, weight }) => ({ name: service, weight }))
  return { weighted_clusters: { clusters, ...(split ? { use_hash_policy: true } : {}) } }
}

/** Who brings what users are known by is known by that alone. */
function userHash(by: UserKey): readonly Json[] {
  switch (by.kind) {
    case 'header':
      return [{ header: { header_name: firstValueHeader(by.name) }, terminal: true }]
    case 'cookie':
      return [{ cookie: { name: by.name }, terminal: true }]
    case 'address':
      return []
  }
}

function mirrored({ service, percent }: NonNullable<Forward['mirror']>): Json {
  return {
    cluster: service,
    runtime_fraction: { default_value: { numerator: percent, denominator: 'HUNDRED' } },
    disable_shadow_host_suffix_append: true,
  }
}
