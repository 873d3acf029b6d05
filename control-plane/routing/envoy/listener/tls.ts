import type { Listener } from '../../table.ts'
import { type Json, typed } from '../json.ts'
import { secretName } from '../secret.ts'

type Tls = NonNullable<Listener['tls']>
type Certificate = Tls['certificates'][number]

/** Certificates that are shown for the same names; no names: for all that no other has. */
export type ShownFor = { readonly hosts: readonly string[]; readonly certificates: readonly Certificate[] }

/** A name has every certificate that claims it. All other names have those without names, or the first where there is none. */
export function certificatesByNames({ certificates }: Pick<Tls, 'certificates'>): readonly ShownFor[] {
  const nameless = certificates.filter(({ hosts }) => hosts.length === 0)
  const hosts = [...new Set(certificates.flatMap((certificate) => certificate.hosts))].sort()
  const ofHost = (host: string) => onceEach(certificates.filter((certificate) => certificate.hosts.includes(host)))
  const named = Map.groupBy(hosts, (host) => JSON.stringify(ofHost(host).map(secretName)))
  return [
    ...[...named.values()].map((own) => ({ hosts: own, certificates: ofHost(own[0] ?? '') })),
    { hosts: [], certificates: onceEach(nameless.length > 0 ? nameless : certificates.slice(0, 1)) },
  ]
}

function onceEach(certificates: readonly Certificate[]): readonly Certificate[] {
  return [...new Map(certificates.map((certificate) => [secretName(certificate), certificate])).values()]
}

/** The TLS that a listener speaks with these certificates. They come as secrets, which Envoy reads again when their files are replaced. */
export function tlsSocket(
  { minVersion, http2 }: Tls,
  certificates: readonly Certificate[],
  secretsFrom: (name: string) => Json,
): Json {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: minVersion === '1.3' ? 'TLSv1_3' : 'TLSv1_2' },
        alpn_protocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
        tls_certificate_sds_secret_configs: certificates.map((certificate) => {
          const name = secretName(certificate)
          return { name, sds_config: secretsFrom(name) }
        }),
      },
    }),
  }
}
