/** What one Envoy may use at most. */
export type EnvoyLimits = { readonly maxHeapBytes: number; readonly maxConnections: number }

const extensions = 'type.googleapis.com/envoy.extensions'
const heap = 'envoy.resource_monitors.fixed_heap'

/**
 * Envoy's overload manager. Before memory is out, idle connections are closed sooner and sooner, memory is given back, connections are not
 * kept, and at last requests are refused; connections that are too many are not taken at all.
 */
export function overloadManager({ maxHeapBytes, maxConnections }: EnvoyLimits) {
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
    actions: [
      {
        name: 'envoy.overload_actions.reduce_timeouts',
        triggers: [{ name: heap, scaled: { scaling_threshold: 0.85, saturation_threshold: 0.95 } }],
        typed_config: {
          '@type': 'type.googleapis.com/envoy.config.overload.v3.ScaleTimersOverloadActionConfig',
          timer_scale_factors: [
            { timer: 'HTTP_DOWNSTREAM_CONNECTION_IDLE', min_timeout: '2s' },
            { timer: 'HTTP_DOWNSTREAM_STREAM_IDLE', min_timeout: '30s' },
          ],
        },
      },
      at('shrink_heap', 0.9),
      at('disable_http_keepalive', 0.95),
      at('stop_accepting_requests', 0.98),
    ],
  }
}
