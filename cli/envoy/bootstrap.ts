import { isIP } from 'node:net'

export type Address = { readonly host: string; readonly port: number }

export type BootstrapOptions = {
  readonly gateway: string
  /** Names this Envoy in logs and rejections. */
  readonly id: string
  /** Where planes answer Envoys; at least one. */
  readonly planes: readonly Address[]
  /** Loopback. */
  readonly admin: Address
  readonly maxHeapBytes: number
  readonly maxConnections: number
}

/** The cluster by which the plane's own routes never lead: no service may have this name. */
const planeCluster = 'heddle-xds'
const extensions = 'type.googleapis.com/envoy.extensions'

/**
 * The whole configuration of an Envoy that asks the plane. Besides it follows what Envoy's own guide says of edge proxies, as far as that is
 * said here: admin on loopback, limits of memory, connections, buffers and HTTP/2; the rest is in the listeners that come from the plane.
 */
export function envoyBootstrap(options: BootstrapOptions): object {
  const { gateway, id, planes, admin } = options
  return {
    node: { id, cluster: gateway },
    admin: { address: socket(admin) },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: planeCluster } }],
      },
      cds_config: { ads: {}, resource_api_version: 'V3' },
      lds_config: { ads: {}, resource_api_version: 'V3' },
    },
    static_resources: { clusters: [toPlane(planes)] },
    overload_manager: overload(options),
  }
}

function toPlane(planes: readonly Address[]): object {
  return {
    name: planeCluster,
    // A name is looked up again and again, an address is as it is.
    type: planes.every(({ host }) => isIP(host) !== 0) ? 'STATIC' : 'STRICT_DNS',
    connect_timeout: '1s',
    per_connection_buffer_limit_bytes: 32_768,
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${extensions}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: {
          http2_protocol_options: {
            max_concurrent_streams: 100,
            initial_stream_window_size: 65_536,
            initial_connection_window_size: 1_048_576,
            // A plane whose machine is gone says no goodbye.
            connection_keepalive: { interval: '10s', timeout: '3s' },
          },
        },
      },
    },
    load_assignment: {
      cluster_name: planeCluster,
      endpoints: [{ lb_endpoints: planes.map((plane) => ({ endpoint: { address: socket(plane) } })) }],
    },
  }
}

/** Before memory is out, idle connections go first, then requests are refused; new connections are, when there are too many. */
function overload({ maxHeapBytes, maxConnections }: BootstrapOptions): object {
  const heap = 'envoy.resource_monitors.fixed_heap'
  const at = (name: string, value: number) => ({
    name: `envoy.overload_actions.${name}`,
    triggers: [{ name: heap, threshold: { value } }],
  })
  return {
    refresh_interval: '0.25s',
    resource_monitors: [
      {
        name: heap,
        typed_config: {
          '@type': `${extensions}.resource_monitors.fixed_heap.v3.FixedHeapConfig`,
          max_heap_size_bytes: maxHeapBytes,
        },
      },
      {
        name: 'envoy.resource_monitors.global_downstream_max_connections',
        typed_config: {
          '@type': `${extensions}.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig`,
          max_active_downstream_connections: maxConnections,
        },
      },
    ],
    actions: [at('shrink_heap', 0.9), at('disable_http_keepalive', 0.95), at('stop_accepting_requests', 0.98)],
  }
}

function socket({ host, port }: Address): object {
  return { socket_address: { address: host, port_value: port } }
}
