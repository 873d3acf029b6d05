import { isIP } from 'node:net'
import { identityFiles, nodeSecret, trustSecret } from '#shared/envoy/node-secrets.ts'
import { overloadManager } from '#shared/envoy/overload.ts'

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
  /** The folder in which the agent beside it keeps key and certificate of this node; left out: it asks without TLS. */
  readonly identity?: string | undefined
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
    // Whoever looks after it reaches it also when there are too many clients.
    admin: { address: socket(admin), ignore_global_conn_limit: true },
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
    static_resources: { clusters: [toPlane(planes, options.identity)] },
    overload_manager: overloadManager(options),
  }
}

function toPlane(planes: readonly Address[], identity: string | undefined): object {
  return {
    name: planeCluster,
    // A name is looked up again and again, an address is as it is.
    type: planes.every(({ host }) => isIP(host) !== 0) ? 'STATIC' : 'STRICT_DNS',
    connect_timeout: '1s',
    ...(identity === undefined ? {} : { transport_socket: tlsOf(identity) }),
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

/** By the files that the agent keeps fresh: Envoy reads them anew when they change, and needs no restart for it. */
function tlsOf(folder: string): object {
  const { envoyCertificate, envoyTrust } = identityFiles(folder)
  const from = (path: string) => ({ path_config_source: { path, watched_directory: { path: folder } } })
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${extensions}.transport_sockets.tls.v3.UpstreamTlsContext`,
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
        alpn_protocols: ['h2'],
        tls_certificate_sds_secret_configs: [{ name: nodeSecret, sds_config: from(envoyCertificate) }],
        validation_context_sds_secret_config: { name: trustSecret, sds_config: from(envoyTrust) },
      },
    },
  }
}

function socket({ host, port }: Address): object {
  return { socket_address: { address: host, port_value: port } }
}
