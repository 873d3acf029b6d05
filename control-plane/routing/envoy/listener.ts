import type { Listener } from '../table.ts'
import { fromAds, type Json, typed } from './json.ts'
import { bufferBytes } from './limits.ts'
import { httpManager, type ListenerOf } from './listener/http.ts'
import { certificatesByNames, tlsSocket } from './listener/tls.ts'

export type { ListenerOf }

/** Where a listener's routes and certificates come from. */
export type ListenerSources = { readonly routes: Json; readonly secret: (name: string) => Json }

const byStream: ListenerSources = { routes: fromAds, secret: () => fromAds }

/** Envoy's listener; its routes come under the gateway's name, by the same stream unless it is said from where. */
export function toListener(listener: Listener, table: ListenerOf, from: ListenerSources = byStream): Json {
  const { name, address, port, tls, proxyProtocol } = listener
  const filters = [httpManager(listener, table, from.routes)]
  const chains = tls
    ? certificatesByNames(tls).map(({ hosts, certificates }) => ({
        ...(hosts.length === 0 ? {} : { filter_chain_match: { server_names: hosts } }),
        filters,
        transport_socket: tlsSocket(tls, certificates, from.secret),
      }))
    : [{ filters }]
  const before = [...(proxyProtocol ? [proxyProtocolFilter] : []), ...(tls ? [namesFilter] : [])]
  return {
    name,
    address: { socket_address: { address, port_value: port } },
    per_connection_buffer_limit_bytes: bufferBytes,
    ...(before.length === 0 ? {} : { listener_filters: before }),
    filter_chains: chains,
  }
}

const proxyProtocolFilter: Json = {
  name: 'envoy.filters.listener.proxy_protocol',
  typed_config: typed('extensions.filters.listener.proxy_protocol.v3.ProxyProtocol'),
}

/** Reads the name that a client asks for, before TLS begins. */
const namesFilter: Json = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: typed('extensions.filters.listener.tls_inspector.v3.TlsInspector'),
}
