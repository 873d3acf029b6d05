import type { Listener, RouteTable } from '../table.ts'
import { fromAds, type Json, typed } from './json.ts'
import { ownReplies } from './own-replies.ts'

/** Envoy's listener; its routes come under the gateway's name, by the same stream unless it is said from where. */
export function toListener(
  { name, address, port }: Listener,
  { gateway, logs }: Pick<RouteTable, 'gateway' | 'logs'>,
  routesFrom: Json = fromAds,
): Json {
  return {
    name,
    address: { socket_address: { address, port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: typed('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
              stat_prefix: name,
              rds: { route_config_name: gateway, config_source: routesFrom },
              ...paths,
              ...clients,
              local_reply_config: { mappers: ownReplies },
              ...(logs.access === undefined ? {} : { access_log: [logFile(logs.access, requestLine)] }),
              http_filters: [{ name: 'envoy.filters.http.router', typed_config: router(logs.attempts) }],
            }),
          },
        ],
      },
    ],
  }
}

/** What is compared with a prefix is what the instance sees, and nothing in it can be read in two ways. */
const paths: Json = {
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: 'REJECT_REQUEST',
}

const clients: Json = {
  use_remote_address: true,
  generate_request_id: true,
  preserve_external_request_id: true,
  always_set_request_id_in_response: true,
  request_headers_timeout: '10s',
  upgrade_configs: [{ upgrade_type: 'websocket' }],
}

function router(attempts: string | undefined): Json {
  return typed('extensions.filters.http.router.v3.Router', {
    ...(attempts === undefined ? {} : { upstream_log: [logFile(attempts, attemptLine)] }),
  })
}

const attemptLine: Json = {
  time: '%START_TIME%',
  at_s: '%EMIT_TIME(%s.%3f)%',
  route: '%ROUTE_NAME%',
  service: '%UPSTREAM_CLUSTER%',
  request_id: '%REQ(X-REQUEST-ID)%',
  instance: '%UPSTREAM_HOST_NAME_WITHOUT_PORT%',
  address: '%UPSTREAM_HOST%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(:PATH)%',
  status: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  duration_ms: '%DURATION%',
}

const requestLine: Json = {
  ...attemptLine,
  client: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  bytes: '%BYTES_SENT%',
  details: '%RESPONSE_CODE_DETAILS%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  user_agent: '%REQ(USER-AGENT)%',
}

function logFile(path: string, line: Json): Json {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: typed('extensions.access_loggers.file.v3.FileAccessLog', { path, log_format: { json_format: line } }),
  }
}
