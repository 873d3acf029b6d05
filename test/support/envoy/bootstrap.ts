type Place = { readonly address: string; readonly port: number }

/** The bootstrap of an Envoy that asks planes for all that it serves. `keepalive`: how often it asks whether a plane is there still. */
export function xdsBootstrap(parts: {
  readonly admin: Place
  readonly planes: readonly Place[]
  readonly keepalive: { readonly interval: string; readonly timeout: string }
}): object {
  const at = ({ address, port }: Place) => ({ address: { socket_address: { address, port_value: port } } })
  const { admin, planes, keepalive } = parts
  return {
    node: { id: 'edge-1', cluster: 'edge' },
    admin: at(admin),
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'heddle-xds' } }],
      },
      lds_config: { ads: {}, resource_api_version: 'V3' },
      cds_config: { ads: {}, resource_api_version: 'V3' },
    },
    static_resources: {
      clusters: [
        {
          name: 'heddle-xds',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: { connection_keepalive: keepalive } },
            },
          },
          load_assignment: {
            cluster_name: 'heddle-xds',
            endpoints: [{ lb_endpoints: planes.map((plane) => ({ endpoint: at(plane) })) }],
          },
        },
      ],
    },
  }
}
