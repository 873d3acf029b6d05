import type { Service } from '../table.ts'
import { fromAds, type Json, seconds, typed } from './json.ts'

/** What is wanted of a cluster, without its endpoints. */
export type ClusterPolicy = Omit<Service, 'endpoints' | 'source'>

/** Envoy's cluster of a service. Its endpoints come under the same name, by the same stream unless it is said from where. */
export function toCluster(
  { name, balance, connectTimeoutMs, idleTimeoutMs, outlierEjection }: ClusterPolicy,
  endpointsFrom: Json = fromAds,
): Json {
  return {
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: endpointsFrom },
    connect_timeout: seconds(connectTimeoutMs),
    lb_policy: balance === 'least_request' ? 'LEAST_REQUEST' : 'ROUND_ROBIN',
    // Who may be called is decided by the fleet: Envoy never goes back to those that it was told to leave.
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    ignore_health_on_host_removal: true,
    ...(outlierEjection ? { outlier_detection: ejection } : {}),
    circuit_breakers: { thresholds: [roomy] },
    upstream_connection_options: { tcp_keepalive: { keepalive_probes: 3, keepalive_time: 10, keepalive_interval: 5 } },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
        'extensions.upstreams.http.v3.HttpProtocolOptions',
        {
          common_http_protocol_options: { idle_timeout: seconds(idleTimeoutMs) },
          explicit_http_config: { http_protocol_options: {} },
        },
      ),
    },
  }
}

/**
 * Ejects an instance that cannot be reached (refused, reset, no answer) or answers 502 to 504 several times in a row. A server's own 500
 * is an answer. At most half of a service is ejected, so a single instance never is: calling it is better than calling nobody.
 */
const ejection: Json = {
  split_external_local_origin_errors: true,
  consecutive_local_origin_failure: 3,
  enforcing_consecutive_local_origin_failure: 100,
  consecutive_gateway_failure: 5,
  enforcing_consecutive_gateway_failure: 100,
  enforcing_consecutive_5xx: 0,
  enforcing_success_rate: 0,
  enforcing_local_origin_success_rate: 0,
  interval: '1s',
  base_ejection_time: '5s',
  max_ejection_time: '60s',
  max_ejection_percent: 50,
}

/** Envoy's own limits are 1024 requests and 3 retries at once for a whole service: a dead instance needs far more retries. */
const roomy: Json = {
  max_connections: 65_536,
  max_pending_requests: 65_536,
  max_requests: 65_536,
  max_retries: 4_096,
}
