import type { Service } from '../table.ts'
import { balanceFields } from './cluster/balance.ts'
import { outlierDetection } from './cluster/ejection.ts'
import { circuitBreakers } from './cluster/limits.ts'
import { upstreamTls } from './cluster/tls.ts'
import { fromAds, type Json, seconds, typed } from './json.ts'
import { bufferBytes } from './limits.ts'

/** What is wanted of a cluster, without its endpoints. */
export type ClusterPolicy = Omit<Service, 'endpoints' | 'source'>

/** Envoy's cluster of a service. Its endpoints come under the same name, by the same stream unless it is said from where. */
export function toCluster(service: ClusterPolicy, endpointsFrom: Json = fromAds): Json {
  const { name, connectTimeoutMs, idleTimeoutMs, ejection, maxConnections, tls } = service
  return {
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: endpointsFrom },
    connect_timeout: seconds(connectTimeoutMs),
    per_connection_buffer_limit_bytes: bufferBytes,
    ...balanceFields(service),
    // Who may be called is decided by the fleet: Envoy never goes back to those that it was told to leave.
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    ignore_health_on_host_removal: true,
    ...(ejection ? { outlier_detection: outlierDetection(ejection) } : {}),
    circuit_breakers: circuitBreakers(maxConnections),
    ...(tls ? { transport_socket: upstreamTls(tls) } : {}),
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
