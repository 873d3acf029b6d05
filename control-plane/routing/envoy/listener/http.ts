import type { Listener, RouteTable } from '../../table.ts'
import { httpFilters } from '../filters/chain.ts'
import { type Json, typed } from '../json.ts'
import { ownReplies } from '../own-replies.ts'
import { attemptLog, requestLog } from './access-log.ts'
import { clientAddress } from './client-address.ts'
import { earlyHeaders } from './early-headers.ts'

/** The parts of a table that listeners are made of, besides themselves. */
export type ListenerOf = Pick<
  RouteTable,
  'gateway' | 'logs' | 'trustedProxies' | 'healthPath' | 'authenticators' | 'routes'
>

/** What speaks HTTP on a listener's connections. @param routesFrom where the routes come from, under the gateway's name */
export function httpManager(listener: Listener, table: ListenerOf, routesFrom: Json): Json {
  const { gateway, logs, trustedProxies, healthPath } = table
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: typed('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
      // What speaks HTTP/2 says so in the TLS handshake, and only there.
      codec_type: listener.tls?.http2 === true ? 'AUTO' : 'HTTP1',
      stat_prefix: listener.name,
      rds: { route_config_name: gateway, config_source: routesFrom },
      ...paths,
      ...requests,
      ...(listener.tls?.http2 === true ? { http2_protocol_options: http2Limits } : {}),
      ...clientAddress(trustedProxies),
      early_header_mutation_extensions: [earlyHeaders(listener, table)],
      local_reply_config: { mappers: ownReplies(healthPath) },
      ...(logs.access === undefined ? {} : { access_log: [requestLog(logs.access, gateway)] }),
      http_filters: httpFilters(table, router(logs.attempts)),
    }),
  }
}

/** What is compared with a prefix is what the instance sees, and nothing in it can be read in two ways. */
const paths: Json = {
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: 'REJECT_REQUEST',
}

const requests: Json = {
  generate_request_id: true,
  preserve_external_request_id: true,
  always_set_request_id_in_response: true,
  common_http_protocol_options: { idle_timeout: '3600s' },
  // None for a request as a whole: uploads and streams may take as long as they move.
  request_headers_timeout: '10s',
  stream_idle_timeout: '300s',
  upgrade_configs: [{ upgrade_type: 'websocket' }],
}

/** What one connection may ask of us at once. */
const http2Limits: Json = {
  max_concurrent_streams: 100,
  initial_stream_window_size: 65_536,
  initial_connection_window_size: 1_048_576,
}

function router(attempts: string | undefined): Json {
  return typed('extensions.filters.http.router.v3.Router', {
    ...(attempts === undefined ? {} : { upstream_log: [attemptLog(attempts)] }),
  })
}
