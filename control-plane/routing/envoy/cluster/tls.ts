import type { UpstreamTls } from '../../table/service.ts'
import { type Json, typed } from '../json.ts'

/** The TLS that is spoken with instances: they must show a certificate of this name, signed by this authority. */
export function upstreamTls({ name, ca }: UpstreamTls): Json {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni: name,
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: ca },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: name } }],
        },
      },
    }),
  }
}
